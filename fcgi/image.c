/* ekmc-image: looks at one uploaded file and ends. Started by the worker, one process per file (fcgi/domain/attachment_image.c).
 *
 * Descriptors: 0 the file, 1 the verdict, one line; 3 and 4 take the picture and its thumbnail.
 * Verdicts: "jpeg W H", "png W H", "pdf" (to be stored as it is), "kind" (not one of ours), "damaged", "pixels" (too many).
 * Anything else, a signal among them, is a file that no program should be asked to open. */
#include <errno.h>
#include <magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_confine.h"
#include "image_convert.h"

#define FILE_BYTES_MOST (10 << 20)
#define FD_PICTURE      3
#define FD_THUMBNAIL    4

static const struct {
	const char *type;
	enum image_format format;
} formats[] = {
	{ "image/jpeg", IMAGE_JPEG },          { "image/png", IMAGE_PNG },
	{ "image/webp", IMAGE_WEBP },          { "image/heic", IMAGE_HEIC },
	{ "image/heic-sequence", IMAGE_HEIC }, { "image/heif", IMAGE_HEIC },
};

static bool
read_all(int fd, struct span *out)
{
	struct stat st;
	char *p;
	size_t got = 0;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 1 || st.st_size > FILE_BYTES_MOST)
		return false;
	p = malloc((size_t)st.st_size);
	while (p != NULL && got < (size_t)st.st_size) {
		ssize_t n = read(fd, p + got, (size_t)st.st_size - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	*out = (struct span){ p, got };
	return p != NULL;
}

static bool
write_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n <= 0)
			return false;
		s.p += n;
		s.n -= (size_t)n;
	}
	return true;
}

static int
say(const char *verdict)
{
	return write_all(STDOUT_FILENO, span_of(verdict)) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
picture(enum image_format format, struct span file)
{
	struct picture made = { .png = false };
	char line[64];

	switch (convert(format, file, &made)) {
	case VERDICT_KIND:
		return say("kind\n");
	case VERDICT_DAMAGED:
		return say("damaged\n");
	case VERDICT_PIXELS:
		return say("pixels\n");
	case VERDICT_OK:
		break;
	}
	if (!write_all(FD_PICTURE, made.bytes) || !write_all(FD_THUMBNAIL, made.thumbnail))
		return EXIT_FAILURE;
	(void)snprintf(line, sizeof(line), "%s %d %d\n", made.png ? "png" : "jpeg", made.width, made.height);
	return say(line);
}

int
main(void)
{
	/* no look into archives, texts or office files: what is not of our kinds is refused anyway */
	magic_t magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_BUILTIN);
	struct span file = { NULL, 0 };
	const char *type;

	if (!confine_limits() || magic == NULL || magic_load(magic, NULL) != 0 || !read_all(STDIN_FILENO, &file))
		return EXIT_FAILURE;
	confine_lock();
	type = magic_buffer(magic, file.p, file.n);
	for (size_t i = 0; type != NULL && i < ARRAY_LEN(formats); i++)
		if (strcmp(type, formats[i].type) == 0)
			return picture(formats[i].format, file);
	if (type != NULL && strcmp(type, "application/pdf") == 0 && file.n > 5 && memcmp(file.p, "%PDF-", 5) == 0)
		return say("pdf\n");
	return say("kind\n");
}
