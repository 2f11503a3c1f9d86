/* Internal to adapter: reading numbers and dates. */
#ifndef EKMC_BRIDGE_ADAPTER_IMPL_H
#define EKMC_BRIDGE_ADAPTER_IMPL_H

#include "bridge/adapter.h"

/* Upper case, ASCII digits, no spaces; without hyphens, slashes and dots too when `strip`. False: empty, too long, or with
 * characters that are in no number. */
MUST_USE bool adapter_fold(struct span typed, bool strip, char out[static LEGACY_NUMBER_SIZE]);

#endif
