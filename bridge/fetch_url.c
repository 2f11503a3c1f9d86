/* Which URLs outbound calls may have. */
#include "bridge/fetch_impl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>

#include "bridge/address.h"

/* What kind of host a URL names: a literal address, or a name that is yet to be resolved. */
static enum fetch_host
host_of(const char *host)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *a = NULL;
	char bare[INET6_ADDRSTRLEN];
	size_t n = strlen(host);

	if (strcasecmp(host, "localhost") == 0)
		return HOST_LOOPBACK;
	if (inet_pton(AF_INET, host, &in4.sin_addr) == 1)
		a = (const struct sockaddr *)&in4;
	if (n > 2 && n < sizeof(bare) && host[0] == '[' && host[n - 1] == ']') {
		memcpy(bare, host + 1, n - 2);
		bare[n - 2] = '\0';
		if (inet_pton(AF_INET6, bare, &in6.sin6_addr) == 1)
			a = (const struct sockaddr *)&in6;
	}
	if (a == NULL)
		return HOST_NAME;
	if (address_is_loopback(a))
		return HOST_LOOPBACK;
	return address_is_public(a) ? HOST_PUBLIC : HOST_PRIVATE;
}

bool
fetch_url_check(const char *url, enum fetch_reach reach, struct fetch_url *out)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL;
	bool ok = false;

	*out = (struct fetch_url){ .host = HOST_NAME };
	if (u == NULL || curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK || curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		goto out;
	/* "https://bank@evil/" misleads people, and logs would keep the password */
	if (curl_url_get(u, CURLUPART_USER, &user, 0) != CURLUE_NO_USER)
		goto out;
	out->host = host_of(host);
	out->tls = strcmp(scheme, "https") == 0;
	if (!out->tls && (strcmp(scheme, "http") != 0 || out->host != HOST_LOOPBACK))
		goto out;
	ok = reach == FETCH_CONFIGURED || out->host == HOST_NAME || out->host == HOST_PUBLIC;
out:
	curl_free(user);
	curl_free(host);
	curl_free(scheme);
	curl_url_cleanup(u);
	return ok;
}

bool
fetch_address_allowed(const struct sockaddr *a, enum fetch_host host)
{
	switch (host) {
	case HOST_LOOPBACK:
		return address_is_loopback(a);
	case HOST_PRIVATE: /* the literal address, by configuration */
		return !address_is_loopback(a);
	case HOST_NAME:
	case HOST_PUBLIC:
		break;
	}
	return address_is_public(a);
}

bool
fetch_url_allowed(const char *url, enum fetch_reach reach)
{
	struct fetch_url u;

	return fetch_url_check(url, reach, &u);
}
