/* The worker's side of ekmc-image: one process per file, confined, in seconds. */
#ifndef EKMC_DOMAIN_ATTACHMENT_IMAGE_H
#define EKMC_DOMAIN_ATTACHMENT_IMAGE_H

#include "core/base.h"
#include "core/status.h"

enum attachment_kind { KIND_JPEG, KIND_PNG, KIND_PDF, KIND__COUNT };

enum image_verdict {
	IMAGE_FINE,
	IMAGE_EMPTY,   /* nothing in it; no helper was asked */
	IMAGE_KIND,    /* neither a picture of ours nor a PDF */
	IMAGE_DAMAGED, /* broken, or made to break whoever opens it */
	IMAGE_PIXELS,  /* more than 40 megapixels */
};

struct image_made {
	enum image_verdict verdict;
	enum attachment_kind kind;
	int width, height; /* 0: a PDF, to be stored as it is; nothing was written */
};

/* Has `program` look at the file behind `in_fd` and write what it makes of it. Returns after IMAGE_MS at the latest: a helper that
 * works for so long is killed, and its file is IMAGE_DAMAGED, as is one that crashes the helper.
 * Errors: E_INTERNAL, the helper cannot be started; E_BUSY, it could not do its work and not because of the file: no room to write,
 * somebody killed it, or the machine left it no time (all logged). */
#define IMAGE_MS 5000
MUST_USE enum status image_run(const char *program, int in_fd, int picture_fd, int thumbnail_fd, struct image_made *out);

/* ekmc-image as configured, else (empty) the one beside this program. */
#define IMAGE_PROGRAM_SIZE 201
void image_program(const char *configured, char out[static IMAGE_PROGRAM_SIZE]);

#endif
