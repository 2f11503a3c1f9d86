/* What the header of a picture says of itself, read before any decoder sees the file. Internal to ekmc-image. */
#ifndef EKMC_IMAGE_PROBE_H
#define EKMC_IMAGE_PROBE_H

#include "core/base.h"

enum image_format { IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP, IMAGE_HEIC };

struct image_probe {
	uint32_t width, height; /* as stored: before the orientation is applied */
	int orientation;        /* 1 to 8 of EXIF; 1 where it is absent, senseless, or the decoder's business (HEIC) */
	bool animated;          /* a WebP of several pictures, which is not for us and not for the decoder */
};

/* False: no size is to be found, so no decoder is to be tried. Sources: ITU-T T.81, annex B (JPEG); PNG, third edition, 5 and 11;
 * RFC 9649 (WebP); ISO/IEC 23008-12, 6.5.3 (ispe: the largest one counts); EXIF 2.32, 4.6.4 (tag 274). */
MUST_USE bool image_probe(enum image_format format, struct span file, struct image_probe *out);

#endif
