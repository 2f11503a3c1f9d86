/* The worker's helper for pictures: what it reads from headers, what is left to it once it is confined, and how the worker takes
 * whatever it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/log.h"
#include "domain/attachment_image.h"
#include "image_confine.h"
#include "image_probe.h"

/* ---- headers */

/* clang-format off */
#define JPEG_FRAME(h, w) "\xFF\xC0\0\x11\x08" h w "\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"
#define TIFF_LE(value)   "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" value "\0\0\0\0\0\0\0"
#define TIFF_BE(value)   "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" value "\0\0\0\0\0\0"
#define EXIF(tiff)       "\xFF\xE1\0\x22" "Exif\0\0" tiff
#define PNG_HEAD         "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR"
#define PNG_REST         "\x08\x02\0\0\0\0\0\0\0"
#define ISPE(w, h)       "\0\0\0\x14ispe\0\0\0\0" w h
#define CASE(f, w, h, o, text) { f, { "" text, sizeof(text) - 1 }, w, h, o }

static const struct {
	enum image_format format;
	struct span file;
	uint32_t width, height; /* 0: refused */
	int orientation;
} headers[] = {
	CASE(IMAGE_JPEG, 0x140, 0xF0, 1, "\xFF\xD8" JPEG_FRAME("\0\xF0", "\x01\x40")),
	CASE(IMAGE_JPEG, 0x140, 0xF0, 6, "\xFF\xD8" EXIF(TIFF_LE("\x06")) JPEG_FRAME("\0\xF0", "\x01\x40")),
	CASE(IMAGE_JPEG, 0x140, 0xF0, 8, "\xFF\xD8" EXIF(TIFF_BE("\x08")) JPEG_FRAME("\0\xF0", "\x01\x40")),
	/* senseless orientations are none */
	CASE(IMAGE_JPEG, 0x140, 0xF0, 1, "\xFF\xD8" EXIF(TIFF_LE("\x09")) JPEG_FRAME("\0\xF0", "\x01\x40")),
	CASE(IMAGE_JPEG, 0x140, 0xF0, 1, "\xFF\xD8" EXIF(TIFF_LE("\0")) JPEG_FRAME("\0\xF0", "\x01\x40")),
	/* a directory behind the end */
	CASE(IMAGE_JPEG, 0x140, 0xF0, 1, "\xFF\xD8\xFF\xE1\0\x10" "Exif\0\0II*\0\xFF\xFF\xFF\xFF" JPEG_FRAME("\0\xF0", "\x01\x40")),
	/* fill bytes and stray ones */
	CASE(IMAGE_JPEG, 0x140, 0xF0, 1, "\xFF\xD8\xFF\xFF\xFE\0\x02xx" JPEG_FRAME("\0\xF0", "\x01\x40")),
	/* a Huffman table is no frame */
	CASE(IMAGE_JPEG, 0x140, 0xF0, 1, "\xFF\xD8\xFF\xC4\0\x07\x01\x02\x03\x04\x05" JPEG_FRAME("\0\xF0", "\x01\x40")),
	CASE(IMAGE_JPEG, 0, 0, 0, "\xFF\xD8\xFF\xDA\0\x02"),
	CASE(IMAGE_JPEG, 0, 0, 0, "\xFF\xD8" JPEG_FRAME("\0\0", "\x01\x40")),
	CASE(IMAGE_JPEG, 0, 0, 0, "\xFF\xD8\xFF\xE0\0\x01"),
	CASE(IMAGE_JPEG, 0, 0, 0, "\xFF\xD8\xFF\xE0\xFF\xFF"),
	CASE(IMAGE_JPEG, 0, 0, 0, "\xFF\xD8\xFF"),
	CASE(IMAGE_JPEG, 0, 0, 0, ""),
	CASE(IMAGE_PNG, 0x10000, 2, 1, PNG_HEAD "\0\x01\0\0\0\0\0\x02" PNG_REST),
	CASE(IMAGE_PNG, 0xFFFFFFFF, 0xFFFFFFFF, 1, PNG_HEAD "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" PNG_REST),
	CASE(IMAGE_PNG, 3, 2, 3, PNG_HEAD "\0\0\0\x03\0\0\0\x02" PNG_REST "\0\0\0\x1A" "eXIf" TIFF_LE("\x03") "crc!\0\0\0\0IDAT"),
	CASE(IMAGE_PNG, 3, 2, 1, PNG_HEAD "\0\0\0\x03\0\0\0\x02" PNG_REST "\xFF\xFF\xFF\xFFzTXt"),
	CASE(IMAGE_PNG, 0, 0, 0, "\x89PNG\r\n\x1A\n\0\0\0\x0CIHDR\0\0\0\x03\0\0\0\x02" PNG_REST),
	CASE(IMAGE_PNG, 0, 0, 0, PNG_HEAD "\0\0\0\x03"),
	CASE(IMAGE_WEBP, 0x190, 0x12C, 1, "RIFF\0\0\0\0WEBPVP8 \x0A\0\0\0...\x9D\x01\x2A\x90\x01\x2C\x01"),
	CASE(IMAGE_WEBP, 2, 2, 1, "RIFF\0\0\0\0WEBPVP8L\x05\0\0\0\x2F\x01\x40\0\0"),
	CASE(IMAGE_WEBP, 0x1000000, 1, 6, "RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0\x08\0\0\0\xFF\xFF\xFF\0\0\0" "EXIF\x1A\0\0\0" TIFF_LE("\x06")),
	CASE(IMAGE_WEBP, 0, 0, 0, "RIFF\0\0\0\0WEBPVP8X\x04\0\0\0\x08\0\0\0"),
	CASE(IMAGE_WEBP, 0, 0, 0, "RIFF\0\0\0\0WAVEfmt "),
	/* the largest of several sizes: a thumbnail and tiles have theirs too */
	CASE(IMAGE_HEIC, 0x1000, 0xC00, 1, "\0\0\0\x0C" "ftypheic" "\0\0\0\x58meta\0\0\0\0" "\0\0\0\x4Ciprp" "\0\0\0\x44ipco"
		ISPE("\0\0\x02\0", "\0\0\x02\0") ISPE("\0\0\x10\0", "\0\0\x0C\0") ISPE("\0\0\0\x20", "\0\0\0\x20")),
	CASE(IMAGE_HEIC, 0, 0, 0, "\0\0\0\x0C" "ftypheic" "\0\0\0\x0Cmeta\0\0\0\0"),
	CASE(IMAGE_HEIC, 0, 0, 0, "\0\0\0\x01meta\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
	CASE(IMAGE_HEIC, 0, 0, 0, "\0\0\0\x07meta\0\0\0\0"),
};
/* clang-format on */

static void
test_image__reads_sizes_and_orientations(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		struct image_probe p;
		bool found = image_probe(headers[i].format, headers[i].file, &p);

		if (found != (headers[i].width > 0))
			fail_msg("header %zu: %d", i, found);
		if (!found)
			continue;
		assert_int_equal(p.width, headers[i].width);
		assert_int_equal(p.height, headers[i].height);
		assert_int_equal(p.orientation, headers[i].orientation);
	}
}

/* Every beginning of every header, and every single byte of it changed: read within its bounds (ASan looks on). */
static void
test_image__no_header_is_read_beyond_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		for (size_t n = 0; n <= headers[i].file.n; n++) {
			struct image_probe p;
			char *copy = malloc(n == 0 ? 1 : n);

			assert_non_null(copy);
			memcpy(copy, headers[i].file.p, n);
			(void)!image_probe(headers[i].format, (struct span){ copy, n }, &p);
			for (size_t at = 0; at < n; at++) {
				copy[at] = (char)~copy[at];
				(void)!image_probe(headers[i].format, (struct span){ copy, n }, &p);
				copy[at] = (char)~copy[at];
			}
			free(copy);
		}
	}
}

/* ---- confinement */

static void
test_image__nothing_can_be_opened_or_begun_once_it_is_confined(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		char *const argv[] = { (char[]){ "true" }, NULL };
		int wrong = 0;

		confine_lock();
		wrong |= open("/etc/passwd", O_RDONLY) >= 0 ? 1 : 0;
		wrong |= open("/tmp/ekmc-image-was-here", O_WRONLY | O_CREAT, 0600) >= 0 ? 2 : 0;
		wrong |= socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 4 : 0;
		wrong |= fork() >= 0 ? 8 : 0;
		(void)execv("/bin/true", argv);
		wrong |= errno == EPERM ? 0 : 16;
		wrong |= kill(getppid(), 0) == 0 ? 32 : 0;
		wrong |= write(STDOUT_FILENO, "", 0) != 0 ? 64 : 0;
		/* _exit() of a sanitizer does more, which is not allowed any more */
		(void)syscall(SYS_exit_group, wrong);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- the worker's side, with helpers of all kinds */

static char dir[] = "/tmp/ekmc-image-XXXXXX";
static char program[64];
static int in_fd, picture_fd, thumbnail_fd;

static void
quiet(const char *line, size_t n, void *arg)
{
	(void)line;
	(void)n;
	(void)arg;
}

static int
file(const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static int
setup(void **state)
{
	(void)state;
	log_init("unit", LOG_ERROR);
	log_sink(quiet, NULL);
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(program, sizeof(program), "%s/helper", dir);
	in_fd = file("in");
	picture_fd = file("picture");
	thumbnail_fd = file("thumbnail");
	return write(in_fd, "the file", 8) == 8 ? 0 : -1;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "in", "picture", "thumbnail", "helper" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)close(in_fd);
	(void)close(picture_fd);
	(void)close(thumbnail_fd);
	return rmdir(dir);
}

static enum status
try_run(const char *script, struct image_made *made)
{
	int fd;

	(void)unlink(program);
	fd = open(program, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", script) > 0);
	(void)close(fd);
	assert_int_equal(lseek(in_fd, 0, SEEK_SET), 0);
	assert_int_equal(ftruncate(picture_fd, 0), 0);
	assert_int_equal(lseek(picture_fd, 0, SEEK_SET), 0);
	return image_run(program, in_fd, picture_fd, thumbnail_fd, made);
}

static struct image_made
run(const char *script)
{
	struct image_made made;

	assert_int_equal(try_run(script, &made), E_OK);
	return made;
}

static struct span
picture(void)
{
	static char text[256];
	ssize_t n = pread(picture_fd, text, sizeof(text) - 1, 0);

	return (struct span){ text, n < 0 ? 0 : (size_t)n };
}

static void
test_image__a_helper_gets_five_descriptors_and_nothing_else(void **state)
{
	struct image_made made;
	int leaky = open("/dev/null", O_RDONLY); /* as a library opens its socket, without O_CLOEXEC */

	(void)state;
	assert_true(leaky >= 0);
	made = run("cat >&3; echo; echo jpeg 12 34");
	/* an empty line first: not ours */
	assert_int_equal(made.verdict, IMAGE_DAMAGED);
	made = run("cat >&3; echo small >&4; echo noise >&2; echo jpeg 12 34");
	assert_int_equal(made.verdict, IMAGE_FINE);
	assert_int_equal(made.kind, KIND_JPEG);
	assert_int_equal(made.width, 12);
	assert_int_equal(made.height, 34);
	assert_true(span_eq(picture(), SPAN("the file")));
	made = run("for f in /proc/$$/fd/*; do [ ! -e $f ] || printf '%s ' ${f##*/} >&3; done; env >&3; echo pdf");
	assert_int_equal(made.verdict, IMAGE_FINE);
	assert_int_equal(made.kind, KIND_PDF);
	/* 10 is the shell's own script */
	if (strncmp(picture().p, "0 1 10 2 3 4 LC_ALL=C\n", 22) != 0 || memmem(picture().p, picture().n, "HOME", 4) != NULL)
		fail_msg("%.*s", SPAN_FMT(picture()));
	(void)close(leaky);
}

static void
test_image__whatever_a_helper_does_is_a_verdict(void **state)
{
	static const struct {
		const char *script;
		enum image_verdict verdict;
	} cases[] = {
		{ "echo png 1 65535", IMAGE_FINE },
		{ "echo kind", IMAGE_KIND },
		{ "echo damaged", IMAGE_DAMAGED },
		{ "echo pixels", IMAGE_PIXELS },
		{ "echo jpeg 0 5", IMAGE_DAMAGED },
		{ "echo jpeg 5", IMAGE_DAMAGED },
		{ "echo jpeg 5 65536", IMAGE_DAMAGED },
		{ "echo jpeg -1 5", IMAGE_DAMAGED },
		{ "echo jpeg 5 5 5 pdf", IMAGE_FINE },
		{ "echo gif 5 5", IMAGE_DAMAGED },
		{ "printf 'jpeg 5 5'", IMAGE_DAMAGED },
		{ "head -c 1000 /dev/zero", IMAGE_DAMAGED },
		{ "exit 0", IMAGE_DAMAGED },
		{ "echo jpeg 5 5; kill -SEGV $$", IMAGE_DAMAGED },
		{ "kill -ABRT $$", IMAGE_DAMAGED },
		{ "kill -XCPU $$", IMAGE_DAMAGED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (run(cases[i].script).verdict != cases[i].verdict)
			fail_msg("%s", cases[i].script);
}

/* A good photo must not be called damaged because the disk is full or somebody, or the kernel for want of memory, killed the
 * helper. */
static void
test_image__what_is_not_the_files_fault_is_told_apart(void **state)
{
	static const char *const scripts[] = { "echo jpeg 5 5; exit 1", "kill -KILL $$", "exec /nowhere" };
	struct image_made made;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		if (try_run(scripts[i], &made) != E_BUSY)
			fail_msg("%s", scripts[i]);
}

static void
test_image__a_helper_that_does_not_end_is_ended(void **state)
{
	int64_t begun_ms = clock_monotonic_ms();
	struct image_made made;
	enum status st;

	(void)state;
	/* closing its descriptors looks like an end and is none; on a machine that is busy it has no time to be to blame */
	st = try_run("echo jpeg 5 5; exec 1>&-; while :; do :; done", &made);
	assert_true(st == E_BUSY || (st == E_OK && made.verdict == IMAGE_DAMAGED));
	assert_in_range(clock_monotonic_ms() - begun_ms, IMAGE_MS, IMAGE_MS + 2000);
	assert_int_equal(try_run("exec sleep 9", &made), E_BUSY);
}

static void
test_image__a_helper_that_is_not_there_is_our_fault(void **state)
{
	struct image_made made;

	(void)state;
	assert_int_equal(image_run("/nowhere/ekmc-image", in_fd, picture_fd, thumbnail_fd, &made), E_INTERNAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image__reads_sizes_and_orientations),
		cmocka_unit_test(test_image__no_header_is_read_beyond_its_end),
		cmocka_unit_test(test_image__nothing_can_be_opened_or_begun_once_it_is_confined),
		cmocka_unit_test(test_image__a_helper_gets_five_descriptors_and_nothing_else),
		cmocka_unit_test(test_image__whatever_a_helper_does_is_a_verdict),
		cmocka_unit_test(test_image__what_is_not_the_files_fault_is_told_apart),
		cmocka_unit_test(test_image__a_helper_that_does_not_end_is_ended),
		cmocka_unit_test(test_image__a_helper_that_is_not_there_is_our_fault),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
