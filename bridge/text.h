/* Text that another system wrote, made harmless: plain Unicode on one line. */
#ifndef EKMC_BRIDGE_TEXT_H
#define EKMC_BRIDGE_TEXT_H

#include "core/arena.h"

/* Valid UTF-8 of at most `max_chars` code points: white space of all kinds becomes single spaces and is trimmed; control
 * characters, invisible direction marks and bytes that are not UTF-8 are dropped. Joiners stay, Bengali and Hindi need them. Absent
 * when nothing is left, or when the arena is exhausted (*failed is set then). */
struct span text_clean(struct arena *a, struct span raw, size_t max_chars, bool *failed);

#endif
