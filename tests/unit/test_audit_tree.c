/* Merkle trees: the known roots of RFC 6962's reference tests, and that every leaf of every tree is proved by its path alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/scan.h"
#include "domain/audit_tree.h"

#define LEAVES 70

static void
test_audit_tree__knows_the_reference_roots(void **state)
{
	/* google/certificate-transparency, merkletree tests: 8 leaves, root after each of them, the first being of no leaf */
	static const struct span leaves[] = {
		{ "", 0 },
		{ "\x00", 1 },
		{ "\x10", 1 },
		{ "\x20\x21", 2 },
		{ "\x30\x31", 2 },
		{ "\x40\x41\x42\x43", 4 },
		{ "\x50\x51\x52\x53\x54\x55\x56\x57", 8 },
		{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16 },
	};
	static const char *const roots[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	struct audit_tree t = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		uint8_t root[SEAL_HASH_BYTES], right[SEAL_HASH_BYTES];

		audit_tree_root(&t, NULL, root);
		assert_true(scan_hex(span_of(roots[i]), right, sizeof(right)));
		assert_memory_equal(root, right, sizeof(root));
		if (i < ARRAY_LEN(leaves))
			audit_tree_add(&t, leaves[i], NULL, false);
	}
}

static struct span
leaf(char out[static 16], int i)
{
	(void)snprintf(out, 16, "leaf %d", i);
	return span_of(out);
}

static void
test_audit_tree__a_path_proves_its_leaf_and_no_other(void **state)
{
	char text[16];

	(void)state;
	for (int n = 1; n <= LEAVES; n++)
		for (int wanted = 0; wanted < n; wanted++) {
			uint8_t root[SEAL_HASH_BYTES], led[SEAL_HASH_BYTES];
			struct audit_path path = { 0 };
			struct audit_tree t = { 0 };

			for (int i = 0; i < n; i++)
				audit_tree_add(&t, leaf(text, i), &path, i == wanted);
			audit_tree_root(&t, &path, root);
			audit_path_root(&path, leaf(text, wanted), led);
			assert_memory_equal(root, led, sizeof(root));
			audit_path_root(&path, leaf(text, wanted + 1), led);
			assert_memory_not_equal(root, led, sizeof(root));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_audit_tree__knows_the_reference_roots),
		cmocka_unit_test(test_audit_tree__a_path_proves_its_leaf_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
