/* The demo's officers and their duties. */
#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/scan.h"
#include "core/tx.h"
#include "ctl_demo.h"

#define HASHERS 2 /* core/seal lets two run at once */

enum column { USER = 1, ROLE, DEPARTMENT, LEVEL, BOROUGH_LIST, WARD_LIST, SUBCATEGORY_LIST, EN, BN, MOBILE };
static const char *const columns[] = { "user",  "role",          "department", "level", "boroughs",
				       "wards", "subcategories", "en",         "bn",    "mobile" };

enum { Q_KNOWN, Q_STAFF, Q_ROSTER };
static const struct sql sql[] = {
	[Q_KNOWN] = { "SELECT COUNT(*) FROM staff WHERE user_name = ?", "s", "i", false },
	[Q_STAFF] = { "INSERT INTO staff (user_name, password_hash, must_change, name_en, name_bn, mobile_sealed)"
		      " VALUES (?, ?, FALSE, ?, ?, ?)",
		      "ssssb", "", false },
	[Q_ROSTER] = { "INSERT INTO roster (staff_id, role, department_code, eo_level, subcategory_code, borough_no, ward_no)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?)",
		       "issssss", "", false },
};

struct person {
	size_t row;
	const char *password; /* NULL: none */
	char hash[SEAL_PASSWORD_SIZE];
	struct span mobile_sealed;
};

struct hiring {
	const struct demo *demo;
	struct csv csv;
	struct person *people; /* who are not there yet */
	size_t n;
	atomic_size_t next; /* to be hashed */
	_Atomic int failed; /* enum status */
};

static enum status
find_new(struct hiring *h)
{
	const struct demo *d = h->demo;
	struct db_rows rows;

	h->people = arena_array(d->arena, h->csv.rows, sizeof(*h->people));
	if (h->people == NULL)
		return E_NOMEM;
	for (size_t row = 2; row <= h->csv.rows; row++) {
		struct span user = csv_at(&h->csv, row, USER), mobile = csv_at(&h->csv, row, MOBILE);
		enum status st = db_run(d->db, d->arena, &sql[Q_KNOWN], DB_ARGS(db_text(user)), &rows);

		if (st != E_OK)
			return st;
		if (db_row(&rows, 0)[0].i != 0)
			continue;
		st = seal_box(d->seal, d->arena, mobile, &h->people[h->n].mobile_sealed);
		if (st != E_OK)
			return st;
		h->people[h->n].row = row;
		h->people[h->n++].password = demo_password(d, user);
	}
	return E_OK;
}

/* argon2id takes 30 ms and more on purpose: without threads 186 people are 6 s. */
static void *
hash_some(void *arg)
{
	struct hiring *h = arg;

	for (;;) {
		size_t i = atomic_fetch_add(&h->next, 1);
		enum status st;

		if (i >= h->n)
			return NULL;
		if (h->people[i].password == NULL)
			continue;
		st = seal_password(span_of(h->people[i].password), h->people[i].hash);
		if (st != E_OK)
			atomic_store(&h->failed, (int)st);
	}
}

static enum status
hash_all(struct hiring *h)
{
	pthread_t threads[HASHERS - 1];
	size_t n = 0;

	while (n < HASHERS - 1 && pthread_create(&threads[n], NULL, hash_some, h) == 0)
		n++;
	(void)hash_some(h);
	while (n > 0)
		(void)pthread_join(threads[--n], NULL);
	return (enum status)atomic_load(&h->failed);
}

static struct db_value
or_null(struct span s)
{
	return s.n == 0 ? db_null() : db_text(s);
}

static struct db_value
role_word(struct arena *a, struct span role)
{
	char *word = arena_strndup(a, role.p, role.n);

	for (char *p = word; p != NULL && *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	return db_text(span_of(word));
}

/* A row for each of the areas: the lists hold words parted by a space, an empty one means everywhere. */
static enum status
add_duties(const struct hiring *h, size_t row, int64_t staff_id)
{
	const struct demo *d = h->demo;
	struct span boroughs = csv_at(&h->csv, row, BOROUGH_LIST), borough;
	struct db_value role = role_word(d->arena, csv_at(&h->csv, row, ROLE));
	struct db_rows done;

	while (scan_cut(&boroughs, ' ', &borough)) {
		struct span wards = csv_at(&h->csv, row, WARD_LIST), ward;

		while (scan_cut(&wards, ' ', &ward)) {
			struct span subcategories = csv_at(&h->csv, row, SUBCATEGORY_LIST), subcategory;

			while (scan_cut(&subcategories, ' ', &subcategory)) {
				enum status st = db_run(d->db, d->arena, &sql[Q_ROSTER],
							DB_ARGS(db_int(staff_id), role, or_null(csv_at(&h->csv, row, DEPARTMENT)),
								or_null(csv_at(&h->csv, row, LEVEL)), or_null(subcategory),
								or_null(borough), or_null(ward)),
							&done);

				if (st != E_OK)
					return st;
			}
		}
	}
	return E_OK;
}

static enum status
hire_body(struct db *db, void *arg)
{
	const struct hiring *h = arg;
	const struct demo *d = h->demo;
	struct db_rows done;
	enum status st = E_OK;

	for (size_t i = 0; i < h->n && st == E_OK; i++) {
		const struct person *p = &h->people[i];

		st = db_run(db, d->arena, &sql[Q_STAFF],
			    DB_ARGS(db_text(csv_at(&h->csv, p->row, USER)), or_null(span_of(p->hash)),
				    db_text(csv_at(&h->csv, p->row, EN)), db_text(csv_at(&h->csv, p->row, BN)),
				    db_text(p->mobile_sealed)),
			    &done);
		if (st == E_OK)
			st = add_duties(h, p->row, done.insert_id);
		if (st != E_OK)
			(void)fprintf(d->err, "staff.csv:%zu: %s\n", p->row, status_name(st));
	}
	return st;
}

enum status
demo_staff(const struct demo *d, size_t *added)
{
	struct hiring *h = arena_alloc(d->arena, sizeof(*h));
	enum status st;

	if (h == NULL)
		return E_NOMEM;
	h->demo = d;
	st = seed_csv(d->arena, d->dir, "staff.csv", columns, ARRAY_LEN(columns), d->err, &h->csv);
	if (st == E_OK)
		st = find_new(h);
	if (st == E_OK)
		st = hash_all(h);
	if (st == E_OK && h->n > 0)
		st = db_tx(d->db, hire_body, h, NULL);
	*added = h->n;
	return st;
}
