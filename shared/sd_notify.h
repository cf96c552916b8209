/*
 * sd_notify - tells the service manager how far we are.
 *
 * Threads: any. Errors: none; without NOTIFY_SOCKET nothing happens.
 * Source:  sd_notify(3): one datagram, "@" stands for an abstract address.
 */
#ifndef SD_NOTIFY_H
#define SD_NOTIFY_H

void sd_notify_send(const char *state); /* "READY=1", "STOPPING=1" */

#endif
