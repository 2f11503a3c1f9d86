/* Why a move is refused, in English, Bengali and Hindi. */
#include "api/actions.h"

/* clang-format off */
const char *const refusal_texts[REFUSAL__COUNT][LANG__COUNT] = {
	[REFUSAL_NONE] = { "", "", "" },
	[REFUSAL_STATE] = {
		"This step is not possible in the state the complaint is in now.",
		"অভিযোগটি এখন যে অবস্থায় আছে তাতে এই কাজটি করা যায় না।",
		"शिकायत की वर्तमान स्थिति में यह कदम संभव नहीं है।" },
	[REFUSAL_REOPENED_TWICE] = {
		"A complaint can be re-opened twice at most, and this one has been; please lodge a new complaint.",
		"একটি অভিযোগ সর্বাধিক দু'বার আবার খোলা যায়, এটি দু'বার খোলা হয়েছে; নতুন অভিযোগ জানান।",
		"शिकायत अधिकतम दो बार फिर खोली जा सकती है, यह दो बार खुल चुकी है; कृपया नई शिकायत दर्ज करें।" },
	[REFUSAL_WINDOW] = {
		"The time in which this complaint could be re-opened is over; please lodge a new complaint.",
		"এই অভিযোগ আবার খোলার সময় পেরিয়ে গেছে; নতুন অভিযোগ জানান।",
		"इस शिकायत को फिर खोलने का समय बीत चुका है; कृपया नई शिकायत दर्ज करें।" },
	[REFUSAL_RATED] = {
		"This resolution has been rated already; a rating cannot be changed.",
		"এই সমাধানের মূল্যায়ন আগেই করা হয়েছে; তা বদলানো যায় না।",
		"इस समाधान की रेटिंग पहले ही दी जा चुकी है; उसे बदला नहीं जा सकता।" },
	[REFUSAL_RATE_LATE] = {
		"The time in which this resolution could be rated is over.",
		"এই সমাধানের মূল্যায়ন করার সময় পেরিয়ে গেছে।",
		"इस समाधान की रेटिंग देने का समय बीत चुका है।" },
	[REFUSAL_NOT_DONE] = {
		"The complaint that this one is joined to has not been resolved yet.",
		"যে অভিযোগের সঙ্গে এটি যুক্ত, তার সমাধান এখনও হয়নি।",
		"जिस शिकायत से यह जुड़ी है, उसका समाधान अभी नहीं हुआ है।" },
	[REFUSAL_ASKED_TWICE] = {
		"The citizen has been asked twice already; please decide with what is known, or give the complaint on.",
		"নাগরিককে দু'বার প্রশ্ন করা হয়েছে; যা জানা আছে তা দিয়েই সিদ্ধান্ত নিন, বা অন্যকে দিন।",
		"नागरिक से दो बार पूछा जा चुका है; उपलब्ध जानकारी से निर्णय लें, या शिकायत आगे दें।" },
	[REFUSAL_ANONYMOUS] = {
		"This complaint was recorded without a complainant: there is nobody to ask.",
		"অভিযোগটি নাম ছাড়া নথিভুক্ত: জিজ্ঞাসা করার কেউ নেই।",
		"यह शिकायत बिना नाम के दर्ज है: पूछने के लिए कोई नहीं है।" },
	[REFUSAL_LEVEL] = {
		"The complaint is at the highest level of escalation.",
		"অভিযোগটি সর্বোচ্চ স্তরেই আছে।",
		"शिकायत पहले से सर्वोच्च स्तर पर है।" },
	[REFUSAL_PARENT] = {
		"It can only be joined to another complaint of this department that is open and is no duplicate itself.",
		"কেবল এই বিভাগের অন্য একটি খোলা অভিযোগের সঙ্গে যুক্ত করা যায়, যা নিজে অন্যের সঙ্গে যুক্ত নয়।",
		"इसे केवल इसी विभाग की किसी खुली शिकायत से जोड़ा जा सकता है, जो स्वयं किसी से जुड़ी न हो।" },
	[REFUSAL_EARLY] = {
		"It is too early for this step.",
		"এই কাজের সময় এখনও হয়নি।",
		"इस कदम का समय अभी नहीं हुआ है।" },
};
/* clang-format on */
