/* Decoding, scaling, turning and encoding with libgd. */
#include "image_convert.h"

#include <gd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define JPEG_QUALITY    82
#define THUMBNAIL_JPEG  75
#define PNG_LEVEL       6
#define GRAPHICS_PIXELS (512 * 512)   /* an opaque PNG up to this size stays one */
#define PALETTE_PIXELS  (1000 * 1000) /* … and one with few colours up to this */
#define PNG_BYTES_MOST  (8 << 20)
#define WHITE           0xFFFFFF
#define STRAY_BYTES     16

/* libgd's first complaint about the file. */
static char complaint[256];

static void __attribute__((format(printf, 2, 0))) keep_complaint(int priority, const char *fmt, va_list args)
{
	(void)priority;
	if (complaint[0] == '\0')
		(void)vsnprintf(complaint, sizeof(complaint), fmt, args);
}

/* libgd hands out what it could read of a JPEG and complains. A few bytes between markers, which some telephones write, harm
 * nothing; a file that ends too early, or codes that make no sense, do. */
static bool
harmless(void)
{
	const char *number = strstr(complaint, "JPEG data: ");

	if (complaint[0] == '\0')
		return true;
	return number != NULL && strstr(complaint, "extraneous bytes before marker") != NULL &&
	       strtoul(number + sizeof("JPEG data: ") - 1, NULL, 10) <= STRAY_BYTES;
}

static gdImagePtr
decode(enum image_format format, struct span file)
{
	void *p = (void *)(uintptr_t)file.p;
	int n = (int)file.n;
	gdImagePtr im = NULL;

	switch (format) {
	case IMAGE_JPEG:
		im = gdImageCreateFromJpegPtrEx(n, p, 0);
		if (!harmless())
			im = NULL;
		break;
	case IMAGE_PNG:
		im = gdImageCreateFromPngPtr(n, p);
		break;
	case IMAGE_WEBP:
		im = gdImageCreateFromWebpPtr(n, p);
		break;
	case IMAGE_HEIC:
		im = gdImageCreateFromHeifPtr(n, p);
		break;
	}
	return im;
}

/* A picture in true colour whose longer side is at most `side`; `im` itself when it is so already. */
static gdImagePtr
fit(gdImagePtr im, int side)
{
	int w = gdImageSX(im), h = gdImageSY(im), longer = w > h ? w : h;

	if (longer <= side)
		return im;
	w = (int)((int64_t)w * side / longer);
	h = (int)((int64_t)h * side / longer);
	/* a triangle as wide as the reduction: every pixel counts, so no moiré */
	(void)gdImageSetInterpolationMethod(im, GD_TRIANGLE);
	return gdImageScale(im, w < 1 ? 1 : (unsigned)w, h < 1 ? 1 : (unsigned)h);
}

/* Where the pixel (x, y) of the upright picture stands in the stored one, by EXIF's number. */
static int
stored_pixel(gdImagePtr im, int orientation, int x, int y)
{
	int right = gdImageSX(im) - 1, bottom = gdImageSY(im) - 1;

	switch (orientation) {
	case 2:
		return im->tpixels[y][right - x];
	case 3:
		return im->tpixels[bottom - y][right - x];
	case 4:
		return im->tpixels[bottom - y][x];
	case 5:
		return im->tpixels[x][y];
	case 6:
		return im->tpixels[bottom - x][y];
	case 7:
		return im->tpixels[bottom - x][right - y];
	case 8:
		return im->tpixels[x][right - y];
	default:
		return im->tpixels[y][x];
	}
}

static gdImagePtr
upright(gdImagePtr im, int orientation)
{
	bool lying = orientation >= 5;
	gdImagePtr out;

	if (orientation == 1)
		return im;
	out = gdImageCreateTrueColor(lying ? gdImageSY(im) : gdImageSX(im), lying ? gdImageSX(im) : gdImageSY(im));
	for (int y = 0; out != NULL && y < gdImageSY(out); y++)
		for (int x = 0; x < gdImageSX(out); x++)
			out->tpixels[y][x] = stored_pixel(im, orientation, x, y);
	return out;
}

static bool
has_alpha(gdImagePtr im)
{
	for (int y = 0; y < gdImageSY(im); y++)
		for (int x = 0; x < gdImageSX(im); x++)
			if (gdTrueColorGetAlpha(im->tpixels[y][x]) != gdAlphaOpaque)
				return true;
	return false;
}

/* JPEG knows no transparency: what is transparent becomes white. */
static void
flatten(gdImagePtr im)
{
	for (int y = 0; y < gdImageSY(im); y++)
		for (int x = 0; x < gdImageSX(im); x++)
			im->tpixels[y][x] = gdAlphaBlend(WHITE, im->tpixels[y][x]);
}

static bool
encode(gdImagePtr im, bool png, int quality, struct span *out)
{
	int n = 0;
	void *p;

	gdImageSaveAlpha(im, 1);
	gdImageInterlace(im, 0);
	p = png ? gdImagePngPtrEx(im, &n, PNG_LEVEL) : gdImageJpegPtr(im, &n, quality);
	*out = (struct span){ p, p == NULL || n < 0 ? 0 : (size_t)n };
	return out->n > 0;
}

static bool
encode_both(gdImagePtr im, struct picture *out)
{
	bool lossless = out->png;
	gdImagePtr small;

	if (lossless && (!encode(im, true, 0, &out->bytes) || out->bytes.n > PNG_BYTES_MOST))
		out->png = false;
	if (!out->png) {
		flatten(im);
		if (!encode(im, false, JPEG_QUALITY, &out->bytes))
			return false;
	}
	out->width = gdImageSX(im);
	out->height = gdImageSY(im);
	small = fit(im, THUMBNAIL_SIDE);
	return small != NULL && encode(small, out->png, THUMBNAIL_JPEG, &out->thumbnail);
}

enum verdict
convert(enum image_format format, struct span file, struct picture *out)
{
	struct image_probe probe;
	gdImagePtr im;
	bool palette;

	if (!image_probe(format, file, &probe))
		return VERDICT_DAMAGED;
	if (probe.animated)
		return VERDICT_KIND;
	if ((uint64_t)probe.width * probe.height > PIXELS_MOST || probe.width > PIXEL_SIDE_MOST || probe.height > PIXEL_SIDE_MOST)
		return VERDICT_PIXELS;
	gdSetErrorMethod(keep_complaint);
	im = decode(format, file);
	if (im == NULL || gdImageSX(im) < 1 || gdImageSY(im) < 1)
		return VERDICT_DAMAGED;
	palette = !gdImageTrueColor(im);
	if (palette && gdImagePaletteToTrueColor(im) == 0)
		return VERDICT_DAMAGED;
	im = fit(im, PICTURE_SIDE);
	if (im != NULL)
		im = upright(im, probe.orientation);
	if (im == NULL)
		return VERDICT_DAMAGED;
	out->png = has_alpha(im) ||
		   (format == IMAGE_PNG && (uint64_t)probe.width * probe.height <= (palette ? PALETTE_PIXELS : GRAPHICS_PIXELS));
	return encode_both(im, out) ? VERDICT_OK : VERDICT_DAMAGED;
}
