/* The special-purpose address registries (RFC 6890) as tables. */
#include "bridge/address.h"

#include <netinet/in.h>

struct range4 {
	uint32_t base;
	unsigned bits;
};
struct range6 {
	uint8_t base[16];
	unsigned bits;
};

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct range4 special4[] = {
	{ IP4(0, 0, 0, 0), 8 },       /* this network */
	{ IP4(10, 0, 0, 0), 8 },      /* private */
	{ IP4(100, 64, 0, 0), 10 },   /* carriers */
	{ IP4(127, 0, 0, 0), 8 },     /* loopback */
	{ IP4(169, 254, 0, 0), 16 },  /* link-local, the clouds' metadata */
	{ IP4(172, 16, 0, 0), 12 },   /* private */
	{ IP4(192, 0, 0, 0), 24 },    /* protocol assignments */
	{ IP4(192, 0, 2, 0), 24 },    /* documentation */
	{ IP4(192, 88, 99, 0), 24 },  /* 6to4 relays */
	{ IP4(192, 168, 0, 0), 16 },  /* private */
	{ IP4(198, 18, 0, 0), 15 },   /* benchmarks */
	{ IP4(198, 51, 100, 0), 24 }, /* documentation */
	{ IP4(203, 0, 113, 0), 24 },  /* documentation */
	{ IP4(224, 0, 0, 0), 3 },     /* multicast, reserved, broadcast */
};

/* Only 2000::/3 is global unicast; these parts of it are special. */
static const struct range6 special6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },       /* protocol assignments, Teredo */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x20, 0x02 }, 16 },             /* 6to4 */
	{ { 0x3f, 0xff }, 20 },             /* documentation */
};

static bool
within(const uint8_t *address, const uint8_t *base, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++) {
		unsigned mask = 0x80u >> (i % 8);

		if ((address[i / 8] & mask) != (base[i / 8] & mask))
			return false;
	}
	return true;
}

static uint32_t
ip4_of(const struct sockaddr *a)
{
	struct sockaddr_in in;

	memcpy(&in, a, sizeof(in));
	return ntohl(in.sin_addr.s_addr);
}

static struct in6_addr
ip6_of(const struct sockaddr *a)
{
	struct sockaddr_in6 in;

	memcpy(&in, a, sizeof(in));
	return in.sin6_addr;
}

bool
address_is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ip4_of(a) >> 24 == 127;
	if (a->sa_family == AF_INET6) {
		struct in6_addr ip = ip6_of(a);

		return memcmp(&ip, &in6addr_loopback, sizeof(ip)) == 0;
	}
	return false;
}

bool
address_is_public(const struct sockaddr *a)
{
	static const uint8_t global[16] = { 0x20 };

	if (a->sa_family == AF_INET) {
		uint32_t ip = ip4_of(a);

		for (size_t i = 0; i < ARRAY_LEN(special4); i++)
			if ((ip ^ special4[i].base) >> (32 - special4[i].bits) == 0)
				return false;
		return true;
	}
	if (a->sa_family == AF_INET6) {
		struct in6_addr ip = ip6_of(a);

		if (!within(ip.s6_addr, global, 3))
			return false;
		for (size_t i = 0; i < ARRAY_LEN(special6); i++)
			if (within(ip.s6_addr, special6[i].base, special6[i].bits))
				return false;
		return true;
	}
	return false;
}
