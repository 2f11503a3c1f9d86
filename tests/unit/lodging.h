/* What tests that lodge complaints share: the seeded database, its directory, a source of ids, one connection. After cmocka.h. */
#ifndef EKMC_TESTS_LODGING_H
#define EKMC_TESTS_LODGING_H

#include "seeded.h"

static struct directory *directory;
static struct id_source *ids;

static int
group_up(void **state)
{
	if (seeded_up(state) != 0)
		return -1;
	ids = id_source_new();
	return ids != NULL && directory_load(one.db, &directory) == E_OK ? 0 : -1;
}

static int
group_down(void **state)
{
	directory_free(directory);
	id_source_free(ids);
	return seeded_down(state);
}

#endif
