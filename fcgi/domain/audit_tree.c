/* Merkle trees, leaf by leaf: memory for one hash per height. */
#include "domain/audit_tree.h"

#include <assert.h>

static void
leaf_hash(struct span text, uint8_t out[static SEAL_HASH_BYTES])
{
	char bytes[1 + AUDIT_LEAF_BYTES] = { 0 };

	assert(text.n <= AUDIT_LEAF_BYTES);
	memcpy(bytes + 1, text.p, text.n);
	seal_sha256((struct span){ bytes, 1 + text.n }, out);
}

static void
node_hash(const uint8_t *left, const uint8_t *right, uint8_t out[static SEAL_HASH_BYTES])
{
	char bytes[1 + 2 * SEAL_HASH_BYTES] = { 1 };

	memcpy(bytes + 1, left, SEAL_HASH_BYTES);
	memcpy(bytes + 1 + SEAL_HASH_BYTES, right, SEAL_HASH_BYTES);
	seal_sha256((struct span){ bytes, sizeof(bytes) }, out);
}

/* Two subtrees become one. `path` leads through the right one when `ours`, through the left one when its leaf is at `height`;
 * says whether it leads through the joint one. */
static bool
join(struct audit_path *path, bool ours, int height, const uint8_t *left, uint8_t right[static SEAL_HASH_BYTES])
{
	bool through_left = path != NULL && !ours && path->begun && path->height == height;

	if (ours || through_left) {
		assert(path->n < AUDIT_TREE_DEPTH);
		path->step[path->n].left = ours;
		memcpy(path->step[path->n++].hash, ours ? left : right, SEAL_HASH_BYTES);
	}
	node_hash(left, right, right);
	return ours || through_left;
}

void
audit_tree_add(struct audit_tree *t, struct span text, struct audit_path *path, bool prove)
{
	uint8_t hash[SEAL_HASH_BYTES];
	bool ours = path != NULL && prove;
	int height = 0;

	leaf_hash(text, hash);
	for (; (t->leaves >> height & 1) != 0; height++)
		ours = join(path, ours, height, t->left[height], hash);
	assert(height < AUDIT_TREE_DEPTH);
	memcpy(t->left[height], hash, SEAL_HASH_BYTES);
	t->leaves++;
	if (path != NULL && ours) {
		path->begun = true;
		path->height = height;
	}
}

void
audit_tree_root(const struct audit_tree *t, struct audit_path *path, uint8_t out[static SEAL_HASH_BYTES])
{
	bool ours = false, any = false;

	seal_sha256((struct span){ NULL, 0 }, out);
	for (int height = 0; height < AUDIT_TREE_DEPTH; height++) {
		if ((t->leaves >> height & 1) == 0)
			continue;
		if (any) {
			ours = join(path, ours, height, t->left[height], out);
			continue;
		}
		memcpy(out, t->left[height], SEAL_HASH_BYTES);
		ours = path != NULL && path->begun && path->height == height;
		any = true;
	}
}

void
audit_path_root(const struct audit_path *path, struct span text, uint8_t out[static SEAL_HASH_BYTES])
{
	leaf_hash(text, out);
	for (int i = 0; i < path->n; i++) {
		const uint8_t *sister = path->step[i].hash;

		if (path->step[i].left)
			node_hash(sister, out, out);
		else
			node_hash(out, sister, out);
	}
}
