/* SPDX-License-Identifier: MIT */

#include "daemon/store/store-type.h"

const char *store_type_name(StoreType type) {
        static const char *const names[] = {
#define X(symbol, name) [symbol] = (name),
                STORE_TYPES(X)
#undef X
        };

        return names[type];
}

bool store_type_is_shared(StoreType type) {
        switch (type) {
        case STORE_SQLITE:
                return false;
        case STORE_REDIS:
                return true;
        }
        return true;
}
