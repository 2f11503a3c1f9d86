/* One way to write a letter: Normalization Form C of English, Bengali and Hindi text (Unicode Standard Annex 15).
 *
 * Keyboards write one letter with one code point or with two; what is compared, counted or registered elsewhere must not depend on
 * the keyboard. Knows the letters of the Bengali and Devanagari blocks; everything else stays as it is. */
#ifndef EKMC_CORE_NFC_H
#define EKMC_CORE_NFC_H

#include "core/arena.h"

/* `text` is valid UTF-8. The arena's text; p == NULL: out of memory. */
MUST_USE struct span nfc(struct arena *a, struct span text);

#endif
