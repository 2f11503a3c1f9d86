/* Texts of messages: filling, cutting, counting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/template.h"

static int refusals;

static void
count_line(const char *line, size_t n, void *arg UNUSED)
{
	/* a value must never get into the log */
	assert_null(memmem(line, n, "SECRET", 6));
	refusals++;
}

static void
test_template__fills(void **state UNUSED)
{
	static const struct {
		const char *text, *vars, *out; /* NULL: refused */
	} rows[] = {
		{ "no placeholder", "{}", "no placeholder" },
		{ "", "{}", "" },
		{ "{code} is your OTP, {minutes} minutes", "{\"code\":\"042117\",\"minutes\":5}", "042117 is your OTP, 5 minutes" },
		{ "OTP {code}। মেয়াদ {minutes} মিনিট।", "{\"code\":\"123456\",\"minutes\":5}", "OTP 123456। মেয়াদ 5 মিনিট।" },
		{ "{number}{number}", "{\"number\":\"1\",\"unused\":2}", "11" },
		/* 30 code points, at a space where there is one; a word that ends there stays */
		{ "{subcategory}.", "{\"subcategory\":\"Manhole cover missing or broken\"}", "Manhole cover missing or." },
		{ "{subcategory}.", "{\"subcategory\":\"Manhole cover missing or brake x\"}", "Manhole cover missing or brake." },
		{ "{subcategory}.", "{\"subcategory\":\"aaaaaaaaaabbbbbbbbbbccccccccccdddd\"}", "aaaaaaaaaabbbbbbbbbbcccccccccc." },
		{ "{reason}.", "{\"reason\":\"রাস্তার আলো জ্বলছে না অনেক দিন ধরে\"}", "রাস্তার আলো জ্বলছে না অনেক দিন." },
		/* one long word: within it, but neither a vowel sign nor half a conjunct alone */
		{ "{reason}.", "{\"reason\":\"কিকিকিকিকিকিকিকিকিকিকিকিকিকিকিকি\"}", "কিকিকিকিকিকিকিকিকিকিকিকিকিকিকি." },
		{ "{reason}.", "{\"reason\":\"aকিকিকিকিকিকিকিকিকিকিকিকিকিকিকিকি\"}", "aকিকিকিকিকিকিকিকিকিকিকিকিকিকি." },
		{ "{reason}.", "{\"reason\":\"क्षक्षक्षक्षक्षक्षक्षक्षक्षक्षक्ष\"}", "क्षक्षक्षक्षक्षक्षक्षक्षक्षक्ष." },
		{ "{reason}.", "{\"reason\":\"aक्षक्षक्षक्षक्षक्षक्षक्षक्षक्षक्ष\"}", "aक्षक्षक्षक्षक्षक्षक्षक्षक्ष." },
		/* lines of a note are one line */
		{ "{reason}.", "{\"reason\":\"Not here.\\n\\n\\tTry ward 64\"}", "Not here. Try ward 64." },
		{ "{reason}.", "{\"reason\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\nbbb\"}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa." },
		/* what would turn the message round or shows nothing is left out, joiners stay */
		{ "{reason}. -KMC", "{\"reason\":\"\\u202emine\\u2069 \\u200b\\ufeffnot\"}", "mine not. -KMC" },
		{ "{reason}.", "{\"reason\":\"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x94\xA7\"}",
		  "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x94\xA7." },
		/* no comma before the template's full stop; what is whole stays as it is */
		{ "{reason}।", "{\"reason\":\"ম্যানহোলটি রাস্তার উল্টোদিকে, পাশের ওয়ার্ডে\"}", "ম্যানহোলটি রাস্তার উল্টোদিকে।" },
		{ "{reason}.", "{\"reason\":\"Not in my area at all, (mine) x\"}", "Not in my area at all, (mine)." },
		{ "{reason}.", "{\"reason\":\"The far side of the road - (see map)\"}", "The far side of the road." },
		{ "{reason}.", "{\"reason\":\"It is yours,\"}", "It is yours,." },
		{ "{reason}.", "{\"reason\":\"................................\"}", "..............................." },
		{ "{code}", "{\"code\":\"SECRET-SECRET\"}", NULL },
		{ "{link}", "{\"link\":\"SECRETSECRETSECRETSECRETSECRETSECRET\"}", NULL },
		{ "{nobody}", "{\"nobody\":\"SECRET\"}", NULL },
		{ "{ward}", "{}", NULL },
		{ "{ward}", "{\"ward\":null}", NULL },
		{ "{ward}", "{\"ward\":{}}", NULL },
		{ "{ward", "{\"ward\":63}", NULL },
		{ "ward}", "{\"ward\":63}", NULL },
		{ "{}", "{\"\":63}", NULL },
	};
	struct arena *a = arena_new(4096, 65536);

	log_sink(count_line, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT(1000);
		const char *why;
		json_t *vars;

		refusals = 0;
		assert_int_equal(json_decode(a, span_of(rows[i].vars), &vars, &why), E_OK);
		assert_int_equal(template_fill(span_of(rows[i].text), vars, &out), rows[i].out != NULL ? E_OK : E_INTERNAL);
		assert_int_equal(refusals, rows[i].out != NULL ? 0 : 1);
		if (rows[i].out != NULL)
			assert_string_equal(out.data == NULL ? "" : out.data, rows[i].out);
		buf_release(&out);
	}
	log_sink(NULL, NULL);
	arena_free(a);
}

static void
test_template__says_when_it_does_not_fit(void **state UNUSED)
{
	struct buf out = BUF_INIT(8);

	assert_int_equal(template_fill(SPAN("longer than eight"), NULL, &out), E_NOMEM);
	buf_release(&out);
}

/* A Bengali reason makes an English message Unicode: it gives way until the message takes two parts. */
static void
test_template__lets_the_reason_give_way(void **state UNUSED)
{
	static const char reason[] = "{\"reason\":\"এই রাস্তা আমার এলাকায় পড়ে না তাই\"}";
	struct arena *a = arena_new(4096, 65536);
	struct buf text = BUF_INIT(1000), out = BUF_INIT(1000);
	struct template_size before = { .parts = 0 }, size;
	const char *why;
	json_t *vars;

	assert_int_equal(json_decode(a, span_of(reason), &vars, &why), E_OK);
	buf_text(&text, "{reason}");
	for (int fixed = 1; fixed <= 200; fixed++) {
		buf_char(&text, 'x');
		assert_int_equal(template_fill(buf_view(&text), vars, &out), E_OK);
		size = template_size(buf_view(&out));
		assert_true(size.unicode);
		/* whole as long as it can be, then shorter by words, whole again when nothing helps */
		if (fixed <= 134 - 30)
			assert_true(size.units - before.units == (fixed == 1 ? size.units : 1));
		assert_int_equal(size.parts, fixed <= 125 ? 1 + (size.units > 70) : 1 + (size.units - 1) / 67);
		before = size;
	}
	buf_release(&text);
	buf_release(&out);
	arena_free(a);
}

static void
test_template__cuts_into_pieces(void **state UNUSED)
{
	struct span rest = SPAN("a{number}{due}। {");
	struct template_piece piece;
	bool paired;

	assert_true(template_piece(&rest, &piece, &paired) && !piece.is_name && span_eq(piece.text, SPAN("a")));
	assert_true(template_piece(&rest, &piece, &paired) && piece.is_name && span_eq(piece.text, SPAN("number")));
	assert_true(template_piece(&rest, &piece, &paired) && piece.is_name && span_eq(piece.text, SPAN("due")));
	assert_true(template_piece(&rest, &piece, &paired) && !piece.is_name && span_eq(piece.text, SPAN("। ")));
	assert_false(template_piece(&rest, &piece, &paired));
	assert_false(paired);
	rest = SPAN("");
	assert_false(template_piece(&rest, &piece, &paired));
	assert_true(paired);
}

/* `head`, then `unit` so many times. */
static void
test_template__counts_parts(void **state UNUSED)
{
	static const struct {
		const char *head, *unit;
		int times, parts;
	} rows[] = {
		{ "", "a", 0, 0 },
		{ "", "a", 1, 1 },
		{ "", "a", 160, 1 },
		{ "", "a", 161, 2 },
		{ "", "a", 306, 2 },
		{ "", "a", 307, 3 },
		{ "", "@", 160, 1 },
		{ "", "à", 160, 1 },
		{ "", "Ω", 161, 2 },
		{ "", "€", 80, 1 },
		{ "", "€", 81, 2 },
		{ "", "{", 80, 1 },
		/* 153 is odd: an escape and its character are never parted, so 76 fit */
		{ "", "€", 152, 2 },
		{ "", "€", 153, 3 },
		{ "a", "€", 152, 2 },
		{ "`", "a", 69, 1 },
		{ "`", "a", 70, 2 },
		{ "", "ক", 70, 1 },
		{ "", "ক", 71, 2 },
		{ "", "ক", 134, 2 },
		{ "", "ক", 135, 3 },
		{ "", "क", 134, 2 },
		{ "ক", "a", 69, 1 },
		{ "ক", "a", 70, 2 },
		{ "", "😀", 35, 1 },
		{ "", "😀", 36, 2 },
		/* 67 is odd: 33 pairs */
		{ "", "😀", 66, 2 },
		{ "", "😀", 67, 3 },
		{ "", "\t", 70, 1 },
		{ "", "\t", 71, 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf text = BUF_INIT(4000);

		buf_text(&text, rows[i].head);
		for (int k = 0; k < rows[i].times; k++)
			buf_text(&text, rows[i].unit);
		assert_int_equal(template_size(buf_view(&text)).parts, rows[i].parts);
		buf_release(&text);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_template__fills),
		cmocka_unit_test(test_template__says_when_it_does_not_fit),
		cmocka_unit_test(test_template__lets_the_reason_give_way),
		cmocka_unit_test(test_template__cuts_into_pieces),
		cmocka_unit_test(test_template__counts_parts),
	};
	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
