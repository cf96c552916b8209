/*
 * gemini - the provider for Google's generateContent (REST, v1beta).
 *
 * Pure. Source: ai.google.dev, reference captures in tests/unit/test_gemini.c.
 */
#ifndef GEMINI_H
#define GEMINI_H

#include "ai_provider.h"

extern const struct ai_provider gemini_provider;

#endif
