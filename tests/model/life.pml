/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of keys and grants in qknockd, for spin(1). The actions bear the names of the functions that they stand
 * for (engine*.c, granter*.c, place.h, store.h), so that the two can be kept in step. tests/model/check runs it, and
 * runs it again with one guard less at a time: then a property must break.
 *
 * A crash falls between any two steps of the verifier. What is one step here is one there: a transaction of the store,
 * one file or map entry. Of a crash only store and places are left; after a reboot of the machine the kernel's table
 * is gone too, and CLOCK_BOOTTIME starts again, so that what an earlier boot wrote does not look expired by its number.
 * The directory may lie on a disk and stays.
 *
 * All grants are for one service and address, where they stand in each other's way. Grant k is the one that key k
 * opened. Requests and knocks are bounded in number (work), what fails as well (failures): after that the verifier only
 * ticks, so that "eventually" has a meaning.
 */
#ifndef KEYS
#define KEYS 2
#endif
#ifndef USERS
#define USERS 1
#endif
#ifndef WORK
#define WORK 4
#endif
#ifndef FAILURES
#define FAILURES 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#define REPLIES_MAX 2 /* 3 there: the number does not matter */

#define DIRECTORY 0
#define TABLE 1
#define OK 0
#define FAILED 1
#define NOT_FOUND 2
#define KEY_PENDING 3

/* The store. */
bool pending[KEYS + 1];
byte pending_replies[KEYS + 1];
byte record;    /* the grant in live_grant, 0 for none */
bool row_ended; /* it was revoked: its end is owed, it opens nothing */
byte in_doubt;  /* the key of a commit that failed; the disk may have it all the same */

/* The places. */
byte at[2];     /* the grant that is there */
bool used[2];
bool stuck[2]; /* removing failed there once: what is left then goes at the next start at the latest */

/* The verifier's memory. */
bool ring[KEYS + 1];
byte replies[KEYS + 1];
byte live;
bool there[2], behind[2];
bool ending[KEYS + 1], ending_at[2 * (KEYS + 1)], hook_queued[KEYS + 1], hook_started[KEYS + 1];
byte drawn; /* keys drawn so far: random, hence never the same again, crash or not */
bool crash;

/* The world. */
bool boot; /* of two */
bool reboot;
bool key_boot[KEYS + 1], grant_boot[KEYS + 1];
byte owner[KEYS + 1];
bool key_over[KEYS + 1], grant_over[KEYS + 1]; /* its time has passed */
byte work = WORK, failures = FAILURES, crashes = CRASHES;

/* What the properties look at. */
bool consumed[KEYS + 1], superseded[KEYS + 1], closed[KEYS + 1];
bool asked[KEYS + 1], revoked[KEYS + 1]; /* its end was asked for, and is told to be for good */
bool undone[KEYS + 1]; /* the store could not keep that: the log said so */
byte given[KEYS + 1]; /* how often the reply went out */
bool admitted[2 * (KEYS + 1)];

#define all_keys(k) for (k : 1 .. KEYS)
/* By CLOCK_BOOTTIME: a number of an earlier boot says nothing. */
#define key_expired(k) (key_over[k] && key_boot[k] == boot)
#define grant_expired(g) (grant_over[g] && grant_boot[g] == boot)
#define ended(g) (grant_over[g] || grant_boot[g] != boot || superseded[g] || revoked[g])
#define shown(g) (at[DIRECTORY] == g && at[TABLE] == g)

/* A write that may fail. */
inline may_fail(rc)
{
	if
	:: rc = OK
	:: failures > 0 -> failures--; rc = FAILED
	fi
}

/* --- store.h: each a transaction --- */

inline store_pending_add(k, rc)
{
	atomic {
		may_fail(rc);
		if
		:: rc == OK ->
			all_keys(i) {
				if
				:: pending[i] && owner[i] == owner[k] -> rc = KEY_PENDING
				:: else
				fi
			}
			i = 0
		:: else
		fi;
#ifdef NO_UNIQUE
		if
		:: rc == KEY_PENDING -> rc = OK
		:: else
		fi;
#endif
		if
		:: rc == OK ->
			in_doubt = 0;
			all_keys(i) { assert(!pending[i] || owner[i] != owner[k]) } /* one key a user */
			i = 0;
			pending[k] = true;
			pending_replies[k] = 1
		:: else
		fi
	}
}

inline store_pending_remove(k, rc)
{
	atomic {
		may_fail(rc);
		if
		:: rc == OK && pending[k] -> pending[k] = false; pending_replies[k] = 0; in_doubt = 0
		:: rc == OK && !pending[k] -> rc = NOT_FOUND
		:: else
		fi
	}
}

inline store_pending_count_reply(k, rc)
{
	atomic {
		may_fail(rc);
		if
		:: rc == OK && pending[k] -> pending_replies[k]++; in_doubt = 0
		:: rc == OK && !pending[k] -> rc = NOT_FOUND
		:: else
		fi
	}
}

/* The key goes and the grant comes, for good. */
inline commit(k)
{
	assert(!consumed[k]); /* no key twice */
	assert(key_boot[k] == boot); /* nor one of another boot */
	consumed[k] = true;
	grant_boot[k] = boot;
	pending[k] = false;
	pending_replies[k] = 0;
	in_doubt = 0;
}

inline record_grant(k)
{
	if
	:: record != 0 -> superseded[record] = true
	:: else
	fi;
	record = k;
	row_ended = false
}

inline store_consume(k, rc)
{
	atomic {
		may_fail(rc);
		if
		:: rc == FAILED && pending[k] -> in_doubt = k
		:: rc == FAILED && !pending[k]
#ifdef ROW_COUNT_IGNORED
		:: rc == OK && !pending[k] -> commit(k); record_grant(k)
#else
		:: rc == OK && !pending[k] -> rc = NOT_FOUND
#endif
		:: rc == OK && pending[k] ->
			commit(k);
#ifndef TWO_TRANSACTIONS
			record_grant(k)
#endif
		fi
	}
#ifdef TWO_TRANSACTIONS
	atomic {
		if
		:: rc == OK -> record_grant(k)
		:: else
		fi
	}
#endif
}

inline store_grant_end(g, rc)
{
	atomic {
		may_fail(rc);
		if
		:: rc == OK && record == g -> row_ended = true; in_doubt = 0
		:: else
		fi
	}
}

inline store_grant_remove(g, rc)
{
	atomic {
		may_fail(rc);
		if
		:: rc == OK && record == g -> record = 0; row_ended = false; in_doubt = 0
		:: rc == OK && record != g -> rc = NOT_FOUND
		:: else
		fi
	}
}

/* --- place.h: each one file or entry; the newest takes the place of an older one --- */

inline place_put(p, g, rc)
{
	atomic {
		may_fail(rc);
		if
		:: rc == OK ->
			assert(consumed[g]); /* no grant without a consumed key */
			at[p] = g;
			used[p] = false
		:: else
		fi
	}
}

inline place_remove(p, g, rc)
{
	atomic {
		may_fail(rc);
		if
#ifdef REMOVED_BY_ADDRESS
		:: rc == OK -> at[p] = 0; used[p] = false
#else
		:: rc == OK && at[p] == g -> at[p] = 0; used[p] = false
		:: rc == OK && at[p] != g
#endif
		:: else -> stuck[p] = true
		fi
	}
}

/* --- granter.c --- */

inline put(p, g, rc)
{
	place_put(p, g, rc);
	atomic {
		there[p] = rc == OK;
		if
#ifndef FAILURE_FORGOTTEN
		:: rc != OK -> behind[p] = true
#endif
		:: else
		fi
	}
}

inline put_missing(p, rc)
{
	behind[p] = false;
	if
	:: live != 0 && !there[p] -> put(p, live, rc)
	:: else
	fi
}

/* match_found is the walk over what is there. */
inline bring_in_line(p, rc)
{
	if
#ifndef STRANGERS_LEFT
	:: at[p] != 0 && at[p] != live -> place_remove(p, at[p], rc)
#endif
#ifndef REWRITTEN
	:: at[p] != 0 && at[p] == live -> there[p] = true
#endif
	:: else
	fi;
#ifndef NOT_REWRITTEN
	put_missing(p, rc)
#endif
}

inline granter_remove_from(p, g, rc)
{
	if
	:: ending_at[2 * g + p] ->
		place_remove(p, g, rc);
		ending_at[2 * g + p] = rc != OK && !grant_expired(g)
	:: else
	fi
}

/* The hook starts when a slot is free: hooks_reap. */
inline settle(g, rc)
{
	granter_remove_from(TABLE, g, rc);
	granter_remove_from(DIRECTORY, g, rc);
	hook_queued[g] = true;
	if
#ifdef FORGOTTEN_BEFORE_HOOK
	:: !ending_at[2 * g] && !ending_at[2 * g + 1] ->
#else
	:: !ending_at[2 * g] && !ending_at[2 * g + 1] && hook_started[g] ->
#endif
		store_grant_remove(g, rc);
		atomic {
			if
			:: rc != FAILED -> ending[g] = false; hook_queued[g] = false; hook_started[g] = false
			:: else
			fi
		}
	:: else
	fi
}

inline hooks_reap()
{
	atomic {
		all_keys(i) {
			if
			:: hook_queued[i] && !hook_started[i] -> hook_started[i] = true; closed[i] = true
			:: else
			fi
		}
		i = 0
	}
}

/* The live one is e now, and ending. */
inline take_out()
{
	live = 0;
	ending[e] = true;
	ending_at[2 * e] = there[DIRECTORY];
	ending_at[2 * e + 1] = there[TABLE];
	there[DIRECTORY] = false;
	there[TABLE] = false
}

inline end_due(rc)
{
	if
	:: live != 0 && grant_expired(live) ->
		atomic { e = live; take_out() }
		settle(e, rc)
	:: else
	fi
}

inline settle_if_ending(g, rc)
{
	if
	:: ending[g] -> settle(g, rc)
	:: else
	fi
}

inline granter_tick(rc)
{
	settle_if_ending(1, rc);
	settle_if_ending(2, rc);
#if KEYS > 2
	settle_if_ending(3, rc);
#endif
	end_due(rc);
	if
	:: behind[TABLE] -> put_missing(TABLE, rc)
	:: else
	fi;
	if
	:: behind[DIRECTORY] -> put_missing(DIRECTORY, rc)
	:: else
	fi
}

/* put_new: one request, but still two steps, of which each may fail, and a crash may come between them. */
inline granter_add(k, rc)
{
	atomic { e = live; live = k; there[DIRECTORY] = false; there[TABLE] = false }
	put(TABLE, k, rc);
	put(DIRECTORY, k, rc);
	/* forget_superseded */
	if
	:: e != 0 -> place_remove(TABLE, e, rc); place_remove(DIRECTORY, e, rc)
	:: else
	fi
}

/* The administrator is told of it once this is through; a store that fails is in the log. */
inline granter_revoke(rc)
{
	if
	:: live != 0 ->
		atomic { e = live; asked[e] = true }
#ifndef REVOKED_IN_MEMORY
		store_grant_end(e, rc);
#endif
		atomic { undone[e] = undone[e] || rc != OK; take_out() }
		settle(e, rc);
		revoked[e] = (record != e || row_ended) && at[DIRECTORY] != e && at[TABLE] != e
	:: else
	fi
}

inline granter_start(rc)
{
	atomic {
		if
		:: record != 0 ->
			if
			:: grant_boot[record] != boot || grant_expired(record) || row_ended -> ending[record] = true
			:: else -> live = record
			fi
		:: else
		fi
	}
	bring_in_line(TABLE, rc);
	bring_in_line(DIRECTORY, rc);
	if
	:: record != 0 && ending[record] -> e = record; settle(e, rc)
	:: else
	fi
}

/* --- engine.c --- */

inline engine_drop_key(k, rc)
{
	store_pending_remove(k, rc);
	ring[k] = false;
	replies[k] = 0
}

inline engine_expire_keys(rc)
{
	atomic {
		g = 0;
		all_keys(i) {
			if
			:: ring[i] && key_expired(i) -> g = i
			:: else
			fi
		}
		i = 0
	}
	if
	:: g != 0 -> engine_drop_key(g, rc); g = 0 /* the next one at the next tick */
	:: else
	fi
}

inline load(rc)
{
	all_keys(g) {
		if
#ifdef BOOT_NOT_COMPARED
		:: pending[g] && !key_expired(g) ->
#else
		:: pending[g] && key_boot[g] == boot && !key_expired(g) ->
#endif
			atomic { ring[g] = true; replies[g] = pending_replies[g] }
		:: else ->
			if
			:: pending[g] -> store_pending_remove(g, rc)
			:: else
			fi
		fi
	}
	g = 0
}

/* What leaves the house: the reply. */
inline reply(k)
{
	atomic { given[k]++; assert(given[k] <= REPLIES_MAX) }
}

inline issue_again(k, rc)
{
	if
	:: replies[k] < REPLIES_MAX ->
#ifndef COUNTED_IN_MEMORY
		store_pending_count_reply(k, rc);
#else
		rc = OK;
#endif
		if
		:: rc == OK -> replies[k]++; reply(k)
		:: else
		fi
	:: else
	fi
}

inline issue_new(u, rc)
{
	if
	:: drawn < KEYS ->
		atomic { drawn++; k = drawn; owner[k] = u; key_boot[k] = boot; ring[k] = true; replies[k] = 1 }
		store_pending_add(k, rc);
		if
		:: rc == OK -> reply(k)
		:: else -> ring[k] = false; replies[k] = 0
		fi
	:: else
	fi
}

inline issue(u, rc)
{
	engine_expire_keys(rc);
	atomic {
		k = 0;
		all_keys(i) {
			if
			:: ring[i] && owner[i] == u -> k = i
			:: else
			fi
		}
		i = 0
	}
	if
	:: k != 0 -> issue_again(k, rc)
	:: else -> issue_new(u, rc)
	fi;
	k = 0
}

/* Its packets are all there, and may be again, whoever sends them. */
inline try_knock(n, rc)
{
	k = n;
	if
#ifndef STALE_VERIFIED
	:: key_expired(k) -> skip /* verify */
#endif
	:: else ->
#ifdef STALE_VERIFIED
		assert(!key_expired(k));
#endif
#ifdef GRANTED_FIRST
		granter_add(k, rc);
#endif
		store_consume(k, rc);
		if
		:: rc == OK ->
			ring[k] = false;
			replies[k] = 0;
#ifndef GRANTED_FIRST
			granter_add(k, rc)
#endif
		:: rc == NOT_FOUND -> ring[k] = false; replies[k] = 0
		:: else
		fi
	fi;
	k = 0
}

inline forget_everything()
{
	d_step {
		for (i : 1 .. KEYS) {
			ring[i] = false; replies[i] = 0; ending[i] = false; ending_at[2 * i] = false;
			ending_at[2 * i + 1] = false; hook_queued[i] = false; hook_started[i] = false
		}
		live = 0; there[DIRECTORY] = false; there[TABLE] = false; behind[DIRECTORY] = false;
		behind[TABLE] = false;
		i = 0; k = 0; g = 0; e = 0; rc = OK
	}
}

active proctype qknockd()
{
	byte i, k, g, e, rc;

	do
	:: {
		granter_start(rc);
		load(rc);
		atomic { rc = OK; e = 0 }
		do
		:: atomic { work > 0 -> work-- }
			if
			:: issue(0, rc)
#if USERS > 1
			:: issue(1, rc)
#endif
			:: ring[1] -> try_knock(1, rc)
			:: ring[2] -> try_knock(2, rc)
#if KEYS > 2
			:: ring[3] -> try_knock(3, rc)
#endif
			:: live != 0 -> granter_revoke(rc)
			fi;
			atomic { rc = OK; e = 0 }
		:: hooks_reap(); engine_expire_keys(rc); granter_tick(rc); atomic { rc = OK; e = 0 }
		od
	   } unless {
		atomic {
			crash ->
			forget_everything();
			if
			:: in_doubt != 0 && !reboot -> i = in_doubt; commit(i); record_grant(i); i = 0
			:: in_doubt = 0
			fi;
			if
			:: reboot -> boot = 1; reboot = false; at[TABLE] = 0; used[TABLE] = false
			:: else
			fi;
			crash = false
		}
	   }
	od
}

/* A connection is looked at by -m knock, pam_knock or knockwrap: each at its own place, whether or not the verifier
 * runs. Grants are for single use; the first who claims has it. */
inline admit(p, g)
{
	assert(consumed[g]);
	assert(grant_boot[g] == boot);
	assert(!grant_over[g]); /* nothing open past its time */
	assert(!revoked[g]) /* nor after its end was told */
}

inline claim(p, g)
{
	assert(admitted[2 * g + p] == 0 || undone[g]); /* nor twice */
	admitted[2 * g + p] = 1;
	used[p] = (at[p] == g -> true : used[p])
}

#ifdef READ_WITHOUT_TIME
#define in_time(g) true
#else
#define in_time(g) (!grant_expired(g))
#endif
#ifdef READ_WITHOUT_BOOT
#define of_this_boot(g) true
#else
#define of_this_boot(g) (grant_boot[g] == boot)
#endif
#define open_to(p, g) (g != 0 && !used[p] && in_time(g) && of_this_boot(g))

proctype integration(bit p)
{
	byte g;

end:	do
	:: atomic {
		open_to(p, at[p]) -> g = at[p]; admit(p, g)
#ifdef CLAIM_IN_TWO
	   }
	   atomic {
#endif
		claim(p, g); g = 0
	   }
	od
}

/* Another verifier over the same store, which knows the same keys: only one of the two may open. */
#ifdef FLEET
proctype other_verifier()
{
	byte k = 1, rc;

	atomic { (pending[1] && key_boot[1] == boot && !key_expired(1)) -> store_consume(k, rc) }
}
#endif

/* Fairness must not force it. (A literal "true" is refused.) */
#define IDLE (work <= WORK)

#define time_of(k) \
	:: atomic { drawn >= k && !key_over[k] -> key_over[k] = true } \
	:: atomic { consumed[k] && !grant_over[k] -> grant_over[k] = true }

proctype passing_of_time()
{
end:	do
	time_of(1)
	time_of(2)
#if KEYS > 2
	time_of(3)
#endif
	:: IDLE
	od
}

proctype misfortune()
{
end:	do
	:: atomic { crashes > 0 && !crash -> crashes--; crash = true }
	:: atomic { crashes > 0 && !crash && !boot -> crashes--; reboot = true; crash = true }
	:: IDLE
	od
}

init {
	atomic {
#ifndef NO_INTEGRATIONS
		run integration(DIRECTORY);
		run integration(TABLE);
#endif
#ifdef CLAIM_IN_TWO
		run integration(DIRECTORY);
#endif
		run passing_of_time();
		run misfortune();
#ifdef FLEET
		run other_verifier()
#endif
	}
}

/* A committed grant is in both places in the end, and stays, while it lives and nobody asked for its end. */
#define kept(g) ((<> consumed[g]) -> <> [] (shown(g) || ended(g) || asked[g]))
/* One that has ended has its close hook run, unless another one took its place, */
#define hooked(g) ((<> (consumed[g] && (grant_over[g] || revoked[g]))) -> <> (closed[g] || superseded[g]))
/* and leaves both. */
#define left(p, g) (at[p] != g || stuck[p])
#define cleared(g) ((<> (consumed[g] && ended(g))) -> <> [] (left(DIRECTORY, g) && left(TABLE, g)))

ltl kept_1 { kept(1) }
ltl kept_2 { kept(2) }
ltl hooked_1 { hooked(1) }
ltl cleared_1 { cleared(1) }
