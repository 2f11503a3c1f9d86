/* Merkle trees as in RFC 6962, section 2.1: a root over many leaves, computed leaf by leaf, and the path that proves one of them.
 *
 * Leaf: SHA-256(0x00 ‖ text); node: SHA-256(0x01 ‖ left ‖ right); no leaf at all: SHA-256 of nothing. */
#ifndef EKMC_DOMAIN_AUDIT_TREE_H
#define EKMC_DOMAIN_AUDIT_TREE_H

#include "core/seal.h"

#define AUDIT_TREE_DEPTH 48
#define AUDIT_LEAF_BYTES 255 /* of a leaf's text, at most */

/* Empty when zeroed. */
struct audit_tree {
	uint64_t leaves;
	uint8_t left[AUDIT_TREE_DEPTH][SEAL_HASH_BYTES]; /* complete subtrees, by height, where `leaves` has a bit */
};

struct audit_step {
	bool left; /* the sister stands to the left */
	uint8_t hash[SEAL_HASH_BYTES];
};

/* The sister nodes from a leaf up to the root. Empty when zeroed. */
struct audit_path {
	int n;
	struct audit_step step[AUDIT_TREE_DEPTH];
	bool begun; /* its leaf was added */
	int height; /* of the complete subtree the leaf is in now */
};

/* Adds the next leaf. `path` follows the leaf that is added with `prove`, so it goes along with all later ones; or NULL. */
void audit_tree_add(struct audit_tree *t, struct span text, struct audit_path *path, bool prove);
/* The root. Completes `path`, unless NULL: no leaf may be added after that. */
void audit_tree_root(const struct audit_tree *t, struct audit_path *path, uint8_t out[static SEAL_HASH_BYTES]);

/* The root to which `path` leads from the leaf. */
void audit_path_root(const struct audit_path *path, struct span text, uint8_t out[static SEAL_HASH_BYTES]);

#endif
