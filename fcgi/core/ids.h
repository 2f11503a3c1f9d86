/* Complaint numbers (design, section 4) and random identifiers. */
#ifndef EKMC_CORE_IDS_H
#define EKMC_CORE_IDS_H

#include "core/base.h"

#define NUMBER_DIGITS 12

/* The Verhoeff check digit of a run of ASCII digits (J. Verhoeff, Error Detecting Decimal Codes, 1969). */
int ids_verhoeff(const char *digits, size_t n);

/* YYMM of lodging in Kolkata, id mod 10^7, check digit; 12 digits and a NUL. */
void ids_number(int64_t id, int64_t lodged_at_ms, char out[static NUMBER_DIGITS + 1]);

enum number_kind {
	NUMBER_NEW,      /* 12 digits, right check digit, a month not before the go-live */
	NUMBER_OLD,      /* 12 digits, right check digit, a month before the go-live */
	NUMBER_MISTYPED, /* 12 digits, wrong check digit or month */
	NUMBER_NOT,      /* anything else */
};
/* Forgiving: spaces, hyphens, Bengali and Devanagari digits. `out` gets the 12 ASCII digits unless NUMBER_NOT. */
enum number_kind ids_number_parse(struct span s, int64_t go_live_ms, char out[static NUMBER_DIGITS + 1]);

/* 4-4-4 for people: "2611 0000 0016". */
const char *ids_number_display(const char *number, char out[static NUMBER_DIGITS + 3]);

#define REQUEST_ID_SIZE 33
/* 128 random bits in lower-case hex and a NUL. */
void ids_random_hex(char out[static REQUEST_ID_SIZE]);

#endif
