/* Which network addresses an outbound call may reach. */
#ifndef EKMC_BRIDGE_ADDRESS_H
#define EKMC_BRIDGE_ADDRESS_H

#include <sys/socket.h>

#include "core/base.h"

/* 127.0.0.0/8 and ::1. */
bool address_is_loopback(const struct sockaddr *a);

/* A global unicast address: none of the special ones of the IANA registries (RFC 6890), and none that embeds an IPv4 address
 * (mapped, NAT64, 6to4, Teredo), which could lead anywhere. */
bool address_is_public(const struct sockaddr *a);

#endif
