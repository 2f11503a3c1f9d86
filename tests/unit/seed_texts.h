/* The texts of sql/seed in the database of a test. Include after cmocka.h. */
#ifndef EKMC_TESTS_SEED_TEXTS_H
#define EKMC_TESTS_SEED_TEXTS_H

#include "core/csv.h"
#include "domain/wording.h"
#include "seeded.h"

static UNUSED struct span
read_file(const char *path, char *text, size_t cap)
{
	FILE *in = fopen(path, "re");
	size_t n = in == NULL ? 0 : fread(text, 1, cap, in);

	if (in != NULL)
		(void)fclose(in);
	return (struct span){ text, n };
}

static UNUSED void
load_templates(struct hand *h)
{
	static const struct sql insert = {
		"INSERT INTO sms_template (code, language, audience, text, dlt_id) VALUES (?, ?, IF(? = 'citizen',"
		" 'citizen', 'officer'), ?, ?)",
		"sssss", "", false
	};
	static char text[65536];
	static const char *const columns[] = { "code", "audience", "en", "bn", "hi", "dlt_id_en", "dlt_id_bn", "dlt_id_hi" };
	struct csv_error error;
	struct csv c;

	assert_int_equal(csv_parse(h->a, read_file("sql/seed/templates.csv", text, sizeof(text)), &c, &error), E_OK);
	assert_int_equal(csv_bind(h->a, &c, columns, ARRAY_LEN(columns), &error), E_OK);
	for (size_t row = 2; row <= c.rows; row++)
		for (enum lang l = LANG_EN; l < LANG__COUNT; l++)
			(void)seeded_rows(h, &insert,
					  DB_ARGS(db_text(csv_at(&c, row, 1)), db_text(span_of(lang_code(l))),
						  db_text(csv_at(&c, row, 2)), db_text(csv_at(&c, row, 3 + l)),
						  db_text(csv_at(&c, row, 6 + l))));
	/* a template that rules name but the seed has not could not be sent, nor changed when this program does not know it */
	assert_int_equal(count("notification_rule r WHERE NOT EXISTS (SELECT 1 FROM sms_template t WHERE t.code = r.template)"), 0);
	assert_int_equal(count("sms_template"), (long long)(wording_n_kinds * LANG__COUNT));
}

#endif
