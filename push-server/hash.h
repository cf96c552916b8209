/* hash - uthash with our keyed hash: strangers choose the keys. Include this, not uthash.h. */
#ifndef HASH_H
#define HASH_H

#include <stdlib.h>

#include "keyed_hash.h"

#define HASH_FUNCTION(key, len, hashv) ((hashv) = (unsigned)keyed_hash((key), (len)))
#define uthash_fatal(msg) abort()
#include <uthash.h>

#endif
