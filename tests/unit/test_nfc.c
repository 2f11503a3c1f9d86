/* One way to write a letter. The expected values are those of the Unicode Character Database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/nfc.h"

static void
test_nfc__writes_letters_one_way(void **state UNUSED)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "plain {number}, 5.", "plain {number}, 5." },
		/* Bengali: two-part vowels are one, letters with a dot are two (composition exclusions) */
		{ "\u0995\u09C7\u09BE", "\u0995\u09CB" },
		{ "\u0995\u09C7\u09D7", "\u0995\u09CC" },
		{ "\u09DC\u09DD\u09DF", "\u09A1\u09BC\u09A2\u09BC\u09AF\u09BC" },
		{ "\u09A1\u09BC", "\u09A1\u09BC" },
		{ "\u09CB", "\u09CB" },
		/* a virama between them keeps the halves apart */
		{ "\u09C7\u09CD\u09BE", "\u09C7\u09CD\u09BE" },
		/* Devanagari: three letters with a dot are one, eight are two */
		{ "\u0928\u093C\u0930\u093C\u0933\u093C", "\u0929\u0931\u0934" },
		{ "\u0958\u095C\u095F", "\u0915\u093C\u0921\u093C\u092F\u093C" },
		{ "\u0929\u093C", "\u0929\u093C" },
		/* marks have their order: dot, virama, accents below, accents above */
		{ "\u0915\u094D\u093C", "\u0915\u093C\u094D" },
		{ "\u0930\u094D\u093C", "\u0931\u094D" },
		{ "\u0915\u0951\u0952\u094D\u093C", "\u0915\u093C\u094D\u0952\u0951" },
		{ "\u0995\u09FE\u09CD\u09BC", "\u0995\u09BC\u09CD\u09FE" },
		/* what we do not know stays */
		{ "e\u0301 \U0001F600 \u00E9", "e\u0301 \U0001F600 \u00E9" },
	};
	struct arena *a = arena_new(4096, 65536);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span out = nfc(a, span_of(rows[i].in)), again = nfc(a, out);

		assert_int_equal(out.n, strlen(rows[i].out));
		assert_memory_equal(out.p, rows[i].out, out.n);
		assert_true(span_eq(out, again));
	}
	arena_free(a);
}

static void
test_nfc__says_when_there_is_no_memory(void **state UNUSED)
{
	static const char text[4000] = { 'x' };
	struct arena *a = arena_new(512, 2048);

	assert_null(nfc(a, (struct span){ text, sizeof(text) }).p);
	arena_free(a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nfc__writes_letters_one_way),
		cmocka_unit_test(test_nfc__says_when_there_is_no_memory),
	};
	return cmocka_run_group_tests_name("nfc", tests, NULL, NULL);
}
