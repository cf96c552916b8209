/*
 * client_address - whose request it is, as limits count it.
 *
 * The peer's address, or, if the peer is one of TRUSTED_PROXIES, the last address in
 * X-Forwarded-For that is not. IPv4 as it is, IPv6 by its /64 (one customer has at least that).
 *
 * Pure; fuzzed.
 */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_ADDRESS_SIZE 48

/* trusted: addresses and prefixes (10.0.0.0/8), comma. forwarded_for may be NULL. */
void client_address(const char *peer, const char *forwarded_for, const char *trusted,
    char out[CLIENT_ADDRESS_SIZE]);

/* The n bytes at p are what such a list may hold. */
bool client_address_is_entry(const char *p, size_t n);

/* Peer is in the list. */
bool client_address_in(const char *address, const char *list);

/* 127.0.0.0/8, ::1 */
bool client_address_is_loopback(const char *address);

#endif
