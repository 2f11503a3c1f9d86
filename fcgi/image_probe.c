/* Headers of JPEG, PNG, WebP and HEIC: walks over lengths that a stranger wrote. */
#include "image_probe.h"

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3

/* The front of *rest; false when it is not that long. */
static bool
take(struct span *rest, size_t n, struct span *part)
{
	if (n > rest->n)
		return false;
	*part = (struct span){ rest->p, n };
	rest->p += n;
	rest->n -= n;
	return true;
}

static uint32_t
number(struct span s, size_t at, size_t bytes, bool little)
{
	uint32_t v = 0;

	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | (uint8_t)s.p[at + (little ? bytes - 1 - i : i)];
	return v;
}

static uint32_t
big(struct span s, size_t at, size_t bytes)
{
	return number(s, at, bytes, false);
}

static uint32_t
little(struct span s, size_t at, size_t bytes)
{
	return number(s, at, bytes, true);
}

static bool
begins(struct span s, const char *word, size_t n)
{
	return s.n >= n && memcmp(s.p, word, n) == 0;
}

/* The tag of the first directory of a TIFF structure; 1 for anything else. */
static int
orientation(struct span tiff)
{
	bool le = begins(tiff, "II*\0", 4);
	struct span rest = tiff, part;
	uint32_t entries, value;

	if (tiff.n < 8 || (!le && !begins(tiff, "MM\0*", 4)))
		return 1;
	if (!take(&rest, number(tiff, 4, 4, le), &part) || !take(&rest, 2, &part))
		return 1;
	entries = number(part, 0, 2, le);
	while (entries-- > 0 && take(&rest, 12, &part)) {
		if (number(part, 0, 2, le) != TAG_ORIENTATION)
			continue;
		value = number(part, 8, 2, le);
		return number(part, 2, 2, le) == TYPE_SHORT && value >= 1 && value <= 8 ? (int)value : 1;
	}
	return 1;
}

/* SOF0 to SOF15, of which three are something else. */
static bool
is_frame(int marker)
{
	return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static bool
probe_jpeg(struct span rest, struct image_probe *out)
{
	struct span part;

	if (!begins(rest, "\xFF\xD8\xFF", 3) || !take(&rest, 2, &part))
		return false;
	while (take(&rest, 1, &part)) {
		int marker;

		if ((uint8_t)part.p[0] != 0xFF)
			continue; /* decoders skip what stands before a marker, so do we */
		do {
			if (!take(&rest, 1, &part))
				return false;
			marker = (uint8_t)part.p[0];
		} while (marker == 0xFF);
		if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8))
			continue;
		if (marker == 0xD9 || marker == 0xDA || !take(&rest, 2, &part) || big(part, 0, 2) < 2 ||
		    !take(&rest, big(part, 0, 2) - 2, &part))
			return false;
		if (marker == 0xE1 && begins(part, "Exif\0\0", 6))
			out->orientation = orientation((struct span){ part.p + 6, part.n - 6 });
		if (is_frame(marker) && part.n >= 5) {
			out->height = big(part, 1, 2);
			out->width = big(part, 3, 2);
			return true;
		}
	}
	return false;
}

static bool
probe_png(struct span rest, struct image_probe *out)
{
	struct span head, data;

	if (!take(&rest, 8, &head) || memcmp(head.p, "\x89PNG\r\n\x1A\n", 8) != 0)
		return false;
	if (!take(&rest, 8, &head) || memcmp(head.p, "\0\0\0\x0DIHDR", 8) != 0 || !take(&rest, 17, &data))
		return false;
	out->width = big(data, 0, 4);
	out->height = big(data, 4, 4);
	while (take(&rest, 8, &head) && take(&rest, big(head, 0, 4), &data) && memcmp(head.p + 4, "IDAT", 4) != 0) {
		if (memcmp(head.p + 4, "eXIf", 4) == 0)
			out->orientation = orientation(data);
		if (!take(&rest, 4, &head))
			break;
	}
	return true;
}

/* The size of the one chunk that has it. */
static void
webp_size(struct span head, struct span data, struct image_probe *out)
{
	if (begins(head, "VP8X", 4) && data.n >= 10) {
		out->animated = (data.p[0] & 2) != 0;
		out->width = 1 + little(data, 4, 3);
		out->height = 1 + little(data, 7, 3);
	} else if (begins(head, "VP8 ", 4) && data.n >= 10) {
		out->width = little(data, 6, 2) & 0x3FFF;
		out->height = little(data, 8, 2) & 0x3FFF;
	} else if (begins(head, "VP8L", 4) && data.n >= 5) {
		out->width = 1 + (little(data, 1, 4) & 0x3FFF);
		out->height = 1 + (little(data, 1, 4) >> 14 & 0x3FFF);
	}
}

static bool
probe_webp(struct span rest, struct image_probe *out)
{
	struct span head, data, pad;
	uint32_t n;

	if (!take(&rest, 12, &head) || !begins(head, "RIFF", 4) || memcmp(head.p + 8, "WEBP", 4) != 0)
		return false;
	while (take(&rest, 8, &head)) {
		n = little(head, 4, 4);
		if (!take(&rest, n < rest.n ? n : rest.n, &data))
			break;
		if (out->width == 0)
			webp_size(head, data, out);
		if (begins(head, "EXIF", 4))
			out->orientation =
				orientation(begins(data, "Exif\0\0", 6) ? (struct span){ data.p + 6, data.n - 6 } : data);
		if (n % 2 == 1)
			(void)take(&rest, 1, &pad);
	}
	return out->width > 0;
}

/* The next box of ISO/IEC 14496-12, 4.2: its type and what is in it. */
static bool
next_box(struct span *rest, struct span *type, struct span *content)
{
	struct span head, large;
	uint64_t n;
	size_t used = 8;

	if (!take(rest, 8, &head))
		return false;
	*type = (struct span){ head.p + 4, 4 };
	n = big(head, 0, 4);
	if (n == 1) {
		if (!take(rest, 8, &large))
			return false;
		n = (uint64_t)big(large, 0, 4) << 32 | big(large, 4, 4);
		used = 16;
	} else if (n == 0) {
		n = used + rest->n;
	}
	return n >= used && n - used <= rest->n && take(rest, (size_t)(n - used), content);
}

/* The content of the first box of this type, `skip` bytes of a full box's head left out. */
static bool
find_box(struct span in, const char *wanted, size_t skip, struct span *out)
{
	struct span type, dropped;

	while (next_box(&in, &type, out))
		if (memcmp(type.p, wanted, 4) == 0)
			return take(out, skip, &dropped);
	return false;
}

static bool
probe_heic(struct span file, struct image_probe *out)
{
	struct span meta, iprp, ipco, type, data;
	uint64_t most = 0;

	if (!find_box(file, "meta", 4, &meta) || !find_box(meta, "iprp", 0, &iprp) || !find_box(iprp, "ipco", 0, &ipco))
		return false;
	while (next_box(&ipco, &type, &data)) {
		if (memcmp(type.p, "ispe", 4) != 0 || data.n < 12 || (uint64_t)big(data, 4, 4) * big(data, 8, 4) <= most)
			continue;
		out->width = big(data, 4, 4);
		out->height = big(data, 8, 4);
		most = (uint64_t)out->width * out->height;
	}
	return most > 0;
}

bool
image_probe(enum image_format format, struct span file, struct image_probe *out)
{
	bool found = false;

	*out = (struct image_probe){ .orientation = 1 };
	switch (format) {
	case IMAGE_JPEG:
		found = probe_jpeg(file, out);
		break;
	case IMAGE_PNG:
		found = probe_png(file, out);
		break;
	case IMAGE_WEBP:
		found = probe_webp(file, out);
		break;
	case IMAGE_HEIC:
		found = probe_heic(file, out);
		break;
	}
	return found && out->width > 0 && out->height > 0;
}
