/* What stands in sql/seed, for a process without a database. */
#include "bridge/legacy_names.h"

/* clang-format off */
const struct legacy_state_row legacy_states[] = {
	[UNASSIGNED] = { false, {
		"Waiting for an officer", "আধিকারিক ঠিক হওয়ার অপেক্ষায়", "अधिकारी तय होने की प्रतीक्षा में" } },
	[ASSIGNED] = { false, {
		"With the field officer", "এলাকার আধিকারিকের কাছে", "क्षेत्र अधिकारी के पास" } },
	[IN_PROGRESS] = { false, {
		"Work in progress", "কাজ চলছে", "काम चल रहा है" } },
	[REASSIGN_REQUESTED] = { false, {
		"Being given to another officer", "অন্য আধিকারিককে দেওয়া হচ্ছে", "दूसरे अधिकारी को सौंपी जा रही है" } },
	[AWAITING_CITIZEN] = { false, {
		"Waiting for the citizen's reply", "নাগরিকের উত্তরের অপেক্ষায়", "नागरिक के उत्तर की प्रतीक्षा में" } },
	[ESCALATED] = { false, {
		"With a senior officer", "ঊর্ধ্বতন আধিকারিকের কাছে", "वरिष्ठ अधिकारी के पास" } },
	[RESOLVED] = { true, {
		"Resolved", "সমাধান হয়েছে", "समाधान हो गया" } },
	[REJECTED] = { true, {
		"Not accepted", "গৃহীত হয়নি", "स्वीकार नहीं हुई" } },
	[CLOSED] = { true, {
		"Closed", "বন্ধ হয়েছে", "बंद हो चुकी" } },
	[WITHDRAWN] = { true, {
		"Withdrawn by the citizen", "নাগরিক তুলে নিয়েছেন", "नागरिक ने वापस ले ली" } },
	[DUPLICATE] = { true, {
		"Joined to an earlier complaint", "আগের একটি অভিযোগের সঙ্গে যুক্ত", "पहले की शिकायत से जोड़ी गई" } },
};

static const unsigned char boroughs[] = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 5,
	5, 4, 4, 5, 5, 5, 5, 5, 5, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 7, 7, 7, 7, 6, 6, 6, 7, 7, 7, 7, 7, 8, 8, 8, 9, 8,
	9, 9, 9, 9, 9, 9, 9, 9, 10, 9, 8, 8, 8, 8, 8, 8, 10, 8, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 12, 12, 11, 11, 12, 12, 12, 12,
	12, 11, 11, 11, 11, 11, 13, 13, 13, 13, 13, 13, 14, 13, 16, 16, 16, 16, 14, 14, 14, 14, 14, 14, 15, 15, 15, 15, 15, 15, 15, 15, 15, 16, 16, 16,
};
/* clang-format on */
_Static_assert(ARRAY_LEN(legacy_states) == STATE__COUNT, "a state has no name");
_Static_assert(ARRAY_LEN(boroughs) == LEGACY_WARDS, "a ward has no borough");

int
legacy_borough(int ward)
{
	return ward >= 1 && ward <= LEGACY_WARDS ? boroughs[ward - 1] : 0;
}
