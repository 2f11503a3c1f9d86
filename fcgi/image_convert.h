/* A stranger's picture into ours: upright, at most 2560 pixels long, with a thumbnail, and nothing in it but the pixels. Internal
 * to ekmc-image. */
#ifndef EKMC_IMAGE_CONVERT_H
#define EKMC_IMAGE_CONVERT_H

#include "image_probe.h"

#define PICTURE_SIDE    2560
#define THUMBNAIL_SIDE  320
#define PIXELS_MOST     40000000
#define PIXEL_SIDE_MOST 30000

enum verdict { VERDICT_OK, VERDICT_KIND, VERDICT_DAMAGED, VERDICT_PIXELS };

struct picture {
	bool png; /* else JPEG */
	int width, height;
	struct span bytes, thumbnail; /* libgd's memory, never given back: the process ends */
};

/* The size is checked before a decoder is called. */
MUST_USE enum verdict convert(enum image_format format, struct span file, struct picture *out);

#endif
