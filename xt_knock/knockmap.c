/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/knockmap.h"
