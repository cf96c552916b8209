/*
 * app_metrics - the families of /metrics that have the label app.
 *
 * Pure. Threads: the event-loop thread only. Source: Prometheus text exposition format 0.0.4.
 */
#ifndef APP_METRICS_H
#define APP_METRICS_H

#include "apps.h"

enum err app_metrics_write(struct buf *b, const struct apps *apps) MUST_CHECK;

#endif
