/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys, the sealed message and the sequence. That they agree with the test vectors is test_vectors.c's matter. */
#include "tests/unit/hex.h"

#include "libcore/error.h"
#include "libcore/keys.h"
#include "libcore/message.h"
#include "libcore/sequence.c"

/* --- one derivation, sealing, verification each --- */

static struct crypto_siv *siv_for(enum crypto_siv_use use, const uint8_t *key)
{
	struct crypto_siv *siv;

	assert_int_equal(crypto_siv_new(&siv), 0);
	assert_int_equal(crypto_siv_set_key(siv, use, key), 0);
	return siv;
}

static int seal_alone(const struct message *m, const uint8_t *key, uint8_t *out)
{
	struct crypto_siv *siv = siv_for(CRYPTO_SIV_SEAL, key);
	int rc = message_seal(m, siv, out);

	crypto_siv_free(siv);
	return rc;
}

static int verify_alone(const struct message *expected, const uint8_t *key, const uint8_t *sealed)
{
	struct crypto_siv *siv = siv_for(CRYPTO_SIV_OPEN, key);
	int rc = message_verify(expected, siv, sealed);

	crypto_siv_free(siv);
	return rc;
}

static int derive_alone(const struct keys_context *context, const struct otp_key *key, unsigned count, struct keys *out)
{
	struct crypto_hkdf *hkdf;
	int rc;

	assert_int_equal(crypto_hkdf_new(&hkdf), 0);
	assert_int_equal(keys_extract(hkdf, key), 0);
	rc = keys_derive(hkdf, context, count, out);
	crypto_hkdf_free(hkdf);
	return rc;
}

static int verify_sequence(const struct sequence_input *in, const uint32_t *words)
{
	struct sequence_maker *maker;
	int rc;

	assert_int_equal(sequence_maker_new(&maker), 0);
	rc = sequence_maker_verify(maker, in, words);
	sequence_maker_free(maker);
	return rc;
}

static const struct service ssh = {"ssh", SERVICE_TCP, 22};

static struct otp an_otp(void)
{
	struct otp otp = {.issued_at = 1763895000, .r = 7};

	for (size_t i = 0; i < OTP_KEY_SIZE; i++)
		otp.key.b[i] = (uint8_t)i;
	return otp;
}

static struct sequence_input an_input(const struct otp *otp)
{
	struct sequence_input in = {
	    .server_id = "gw.example",
	    .user = "alice",
	    .otp = otp,
	    .service = &ssh,
	    .shape = KNOCK_SHAPE_DEFAULT,
	    .n_mod = 187,
	    .width = 8,
	};

	assert_int_equal(address_parse(&in.client, "172.17.12.20"), 0);
	return in;
}

static void test_message_layout(void **state)
{
	struct message m = {12, 17, 0x1234, 0x5640, UINT64_C(0x0102030405060708), {{0}}};
	uint8_t expected[HEX_MAX], out[MESSAGE_SIZE];

	(void)state;
	memset(m.client.b, 0xcc, 16);
	hex(expected, "010c1100123456400102030405060708cccccccccccccccccccccccccccccccc");
	message_encode(&m, out);
	assert_memory_equal(out, expected, MESSAGE_SIZE);
}

static const uint8_t seal_key[CRYPTO_SIV_KEY_SIZE] = {1, 2, 3};

/* sealed says one thing, the server expects another; both know the key. */
static void expect_mismatch(const struct message *sealed, const struct message *expected)
{
	uint8_t out[MESSAGE_SEALED_SIZE];

	assert_int_equal(seal_alone(sealed, seal_key, out), 0);
	assert_int_equal(verify_alone(expected, seal_key, out), QK_ERR_MISMATCH);
	assert_int_equal(verify_alone(sealed, seal_key, out), 0);
}

static void test_every_field_of_the_message_counts(void **state)
{
	const struct message m = {12, 6, 22, 8, 1763895000, {{0}}};
	struct message other;

	(void)state;
	other = m, other.count = 13;
	expect_mismatch(&m, &other);
	other = m, other.protocol = 17;
	expect_mismatch(&m, &other);
	other = m, other.port = 22 + 256;
	expect_mismatch(&m, &other);
	other = m, other.width = 0;
	expect_mismatch(&m, &other);
	other = m, other.issued_at++;
	expect_mismatch(&m, &other);
	other = m, other.client.b[15]++;
	expect_mismatch(&m, &other);
}

static void test_a_foreign_seal_is_not_opened(void **state)
{
	const struct message m = {12, 6, 22, 8, 1763895000, {{0}}};
	uint8_t out[MESSAGE_SEALED_SIZE];
	uint8_t key[CRYPTO_SIV_KEY_SIZE] = {9};

	(void)state;
	assert_int_equal(seal_alone(&m, seal_key, out), 0);
	assert_int_equal(verify_alone(&m, key, out), QK_ERR_SEAL);
	out[47] ^= 1;
	assert_int_equal(verify_alone(&m, seal_key, out), QK_ERR_SEAL);
}

static void expect_other_keys(const struct keys *keys, const struct keys_context *context, const struct otp_key *key)
{
	struct keys other;

	assert_int_equal(derive_alone(context, key, 32, &other), 0);
	assert_memory_not_equal(other.seal, keys->seal, sizeof(other.seal));
	assert_memory_not_equal(other.fill, keys->fill, sizeof(other.fill));
	assert_memory_not_equal(other.placement, keys->placement, sizeof(other.placement));
}

static void test_keys_depend_on_all_of_the_context(void **state)
{
	const struct keys_context c = {"gw", "alice", "ssh", {{1}}, 1763895000};
	struct otp_key key = {{1}};
	struct keys_context other;
	struct keys keys;

	(void)state;
	assert_int_equal(derive_alone(&c, &key, 32, &keys), 0);
	other = c, other.server_id = "gw2";
	expect_other_keys(&keys, &other, &key);
	other = c, other.user = "alic", other.server_id = "gwe";
	expect_other_keys(&keys, &other, &key);
	other = c, other.service = "http";
	expect_other_keys(&keys, &other, &key);
	other = c, other.client.b[15] = 1;
	expect_other_keys(&keys, &other, &key);
	other = c, other.issued_at++;
	expect_other_keys(&keys, &other, &key);
	key.b[31] = 1;
	expect_other_keys(&keys, &c, &key);
}

static void test_keys_have_the_length_of_the_count(void **state)
{
	const struct keys_context c = {"gw", "alice", "ssh", {{1}}, 1763895000};
	static const struct keys zero;
	const struct otp_key key = {{1}};
	struct keys keys;

	(void)state;
	assert_int_equal(derive_alone(&c, &key, 12, &keys), 0);
	assert_memory_equal(keys.fill, zero.fill, sizeof(keys.fill));
	assert_memory_equal(keys.placement + 48, zero.placement, sizeof(keys.placement) - 48);
	assert_memory_not_equal(keys.placement + 44, zero.placement, 4);
	assert_int_equal(derive_alone(&c, &key, 13, &keys), 0);
	assert_memory_not_equal(keys.fill, zero.fill, 4);
	assert_memory_equal(keys.fill + 4, zero.fill, sizeof(keys.fill) - 4);
	keys_wipe(&keys);
	assert_memory_equal(&keys, &zero, sizeof(keys));
}

static void expect_no_keys(struct keys_context c, unsigned count, int error)
{
	static const struct keys zero;
	const struct otp_key key = {{1}};
	struct keys keys;

	memset(&keys, 0xaa, sizeof(keys));
	assert_int_equal(derive_alone(&c, &key, count, &keys), error);
	assert_memory_equal(&keys, &zero, sizeof(keys));
}

static void test_keys_refuse_bad_input(void **state)
{
	const struct keys_context c = {"gw", "alice", "ssh", {{1}}, 1763895000};
	struct keys_context bad;

	(void)state;
	bad = c, bad.server_id = "";
	expect_no_keys(bad, 12, QK_ERR_SERVER_ID);
	bad = c, bad.user = "Alice";
	expect_no_keys(bad, 12, QK_ERR_USER_ID);
	bad = c, bad.service = "sixteen-letters-";
	expect_no_keys(bad, 12, QK_ERR_SERVICE_NAME);
	expect_no_keys(c, 11, QK_ERR_COUNT);
	expect_no_keys(c, 33, QK_ERR_COUNT);
}

/* Both ends of the interface must name the same fault. */
static void expect_refusal(const struct sequence_input *in, int error)
{
	static const struct sequence_packet zero[KNOCK_COUNT_MAX];
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	const uint32_t words[KNOCK_COUNT_MIN] = {0};

	memset(packets, 0xaa, sizeof(packets));
	assert_int_equal(sequence_derive(in, packets), error);
	assert_memory_equal(packets, zero, sizeof(packets));
	assert_int_equal(verify_sequence(in, words), error);
}

static void test_every_bad_parameter_has_its_error(void **state)
{
	static const struct service no_name = {"", SERVICE_TCP, 22};
	static const struct service bad_name = {"SSH", SERVICE_TCP, 22};
	static const struct service bad_protocol = {"ssh", 1, 22};
	static const struct service no_port = {"ssh", SERVICE_TCP, 0};
	static const char long_id[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	struct otp otp = an_otp();
	const struct sequence_input good = an_input(&otp);
	struct sequence_input in;

	(void)state;
	in = good, in.server_id = "";
	expect_refusal(&in, QK_ERR_SERVER_ID);
	in = good, in.server_id = long_id;
	expect_refusal(&in, QK_ERR_SERVER_ID);
	in = good, in.server_id = "two words";
	expect_refusal(&in, QK_ERR_SERVER_ID);
	in = good, in.user = "";
	expect_refusal(&in, QK_ERR_USER_ID);
	in = good, in.user = "9lives";
	expect_refusal(&in, QK_ERR_USER_ID);
	in = good, in.user = long_id;
	expect_refusal(&in, QK_ERR_USER_ID);
	in = good, in.service = &no_name;
	expect_refusal(&in, QK_ERR_SERVICE_NAME);
	in = good, in.service = &bad_name;
	expect_refusal(&in, QK_ERR_SERVICE_NAME);
	in = good, in.service = &bad_protocol;
	expect_refusal(&in, QK_ERR_SERVICE_PROTOCOL);
	in = good, in.service = &no_port;
	expect_refusal(&in, QK_ERR_SERVICE_PORT);
	in = good, in.shape.port_first = 0;
	expect_refusal(&in, QK_ERR_KNOCK_PORTS);
	in = good, in.shape.port_last = 8862;
	expect_refusal(&in, QK_ERR_KNOCK_PORTS);
	in = good, in.shape.port_last = 8799;
	expect_refusal(&in, QK_ERR_KNOCK_PORTS);
	in = good, in.shape.count = 11;
	expect_refusal(&in, QK_ERR_COUNT);
	in = good, in.shape.count = 33;
	expect_refusal(&in, QK_ERR_COUNT);
	in = good, in.n_mod = 76;
	expect_refusal(&in, QK_ERR_MODULUS);
	in = good, in.width = 64;
	expect_refusal(&in, QK_ERR_WIDTH);
	in = good, in.width = 4;
	expect_refusal(&in, QK_ERR_WIDTH);
	otp.r = 1;
	expect_refusal(&good, QK_ERR_R);
	otp.r = 17;
	expect_refusal(&good, QK_ERR_R);
	otp.r = 187;
	expect_refusal(&good, QK_ERR_R);
}

static void derive_words(const struct sequence_input *in, uint32_t words[static KNOCK_COUNT_MAX])
{
	struct sequence_packet packets[KNOCK_COUNT_MAX];

	assert_int_equal(sequence_derive(in, packets), 0);
	for (size_t i = 0; i < KNOCK_COUNT_MAX; i++)
		words[i] = packets[i].word;
}

static void test_every_count_is_verified(void **state)
{
	const struct otp otp = an_otp();
	struct sequence_input in = an_input(&otp);
	static const struct sequence_packet zero;
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	uint32_t words[KNOCK_COUNT_MAX];

	(void)state;
	for (in.shape.count = KNOCK_COUNT_MIN; in.shape.count <= KNOCK_COUNT_MAX; in.shape.count++) {
		derive_words(&in, words);
		assert_int_equal(verify_sequence(&in, words), 0);
		assert_int_equal(sequence_derive(&in, packets), 0);
		for (size_t i = 0; i < KNOCK_COUNT_MAX; i++) {
			if (i < in.shape.count)
				assert_in_range(packets[i].port, 8800, 8899);
			else
				assert_memory_equal(&packets[i], &zero, sizeof(zero));
		}
	}
}

static void test_any_wrong_word_breaks_the_seal(void **state)
{
	const struct otp otp = an_otp();
	const struct sequence_input in = an_input(&otp);
	uint32_t words[KNOCK_COUNT_MAX];

	(void)state;
	derive_words(&in, words);
	for (size_t i = 0; i < KNOCK_COUNT_MIN; i++) {
		words[i] ^= UINT32_C(0x80000000) >> i;
		assert_int_equal(verify_sequence(&in, words), QK_ERR_SEAL);
		words[i] ^= UINT32_C(0x80000000) >> i;
	}
	assert_int_equal(verify_sequence(&in, words), 0);
}

/* What the keys are bound to breaks the seal; what is in the message alone is a mismatch. */
static void test_a_knock_for_something_else_is_refused(void **state)
{
	static const struct service other_port = {"ssh", SERVICE_TCP, 23};
	static const struct service other_name = {"sshd", SERVICE_TCP, 22};
	struct otp otp = an_otp();
	const struct sequence_input good = an_input(&otp);
	struct sequence_input in;
	uint32_t words[KNOCK_COUNT_MAX];

	(void)state;
	derive_words(&good, words);
	in = good, in.service = &other_port;
	assert_int_equal(verify_sequence(&in, words), QK_ERR_MISMATCH);
	in = good, in.width = 0;
	assert_int_equal(verify_sequence(&in, words), QK_ERR_MISMATCH);
	in = good, in.shape.count = 13;
	assert_int_equal(verify_sequence(&in, words), QK_ERR_MISMATCH);
	in = good, in.service = &other_name;
	assert_int_equal(verify_sequence(&in, words), QK_ERR_SEAL);
	in = good, in.client.b[15]++;
	assert_int_equal(verify_sequence(&in, words), QK_ERR_SEAL);
	in = good, in.user = "bob";
	assert_int_equal(verify_sequence(&in, words), QK_ERR_SEAL);
	otp.issued_at++;
	assert_int_equal(verify_sequence(&good, words), QK_ERR_SEAL);
}

/* Over many keys the ports reach both ends of the widest and the narrowest range, and never leave them. */
static void test_ports_fill_their_range(void **state)
{
	struct otp otp = an_otp();
	struct sequence_input in = an_input(&otp);
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	unsigned seen[64] = {0};

	(void)state;
	in.shape = (struct knock_shape){65472, 65535, 32};
	for (int round = 0; round < 60; round++) {
		otp.issued_at++;
		assert_int_equal(sequence_derive(&in, packets), 0);
		for (size_t i = 0; i < KNOCK_COUNT_MAX; i++) {
			assert_in_range(packets[i].port, 65472, 65535);
			seen[packets[i].port - 65472]++;
		}
	}
	for (size_t i = 0; i < 64; i++)
		assert_in_range(seen[i], 1, 90); /* 30 expected */
}

/* Everything but the key, server, user and time leaves the announcement as it is; its ports fill their range. */
static void test_an_announcement_knows_no_address(void **state)
{
	static const struct service other = {"http", SERVICE_TCP, 80};
	struct otp otp = an_otp();
	const struct sequence_input good = an_input(&otp);
	struct sequence_input in;
	struct sequence_packet a, b;

	(void)state;
	assert_int_equal(sequence_announce(&good, &a), 0);
	assert_memory_equal(&a.source, &good.client, sizeof(a.source));
	in = good, in.client.b[15]++, in.service = &other, in.width = 0, in.shape.count = 32, in.n_mod = 77, otp.r = 8;
	assert_int_equal(sequence_announce(&in, &b), 0);
	assert_memory_equal(&b.source, &in.client, sizeof(b.source));
	assert_true(a.port == b.port && a.word == b.word);
	in = good, in.user = "bob";
	assert_int_equal(sequence_announce(&in, &b), 0);
	assert_int_not_equal(a.word, b.word);
	in = good, in.server_id = "gw.example2";
	assert_int_equal(sequence_announce(&in, &b), 0);
	assert_int_not_equal(a.word, b.word);
	otp.issued_at++;
	assert_int_equal(sequence_announce(&good, &b), 0);
	assert_int_not_equal(a.word, b.word);
	otp.issued_at--;
	otp.key.b[0]++;
	assert_int_equal(sequence_announce(&good, &b), 0);
	assert_int_not_equal(a.word, b.word);
	in = good, in.user = "";
	assert_int_equal(sequence_announce(&in, &b), QK_ERR_USER_ID);
	in = good, in.server_id = "";
	assert_int_equal(sequence_announce(&in, &b), QK_ERR_SERVER_ID);
	in = good, in.shape.port_last = in.shape.port_first;
	assert_int_equal(sequence_announce(&in, &b), QK_ERR_KNOCK_PORTS);
	assert_int_equal(b.word, 0);
}

static void test_an_announcement_is_no_packet_of_the_knock(void **state)
{
	struct otp otp = an_otp();
	const struct sequence_input in = an_input(&otp);
	struct sequence_packet packets[KNOCK_COUNT_MAX], announcement;

	(void)state;
	for (int round = 0; round < 100; round++) {
		otp.issued_at++;
		assert_int_equal(sequence_derive(&in, packets), 0);
		assert_int_equal(sequence_announce(&in, &announcement), 0);
		assert_in_range(announcement.port, 8800, 8899);
		for (size_t i = 0; i < in.shape.count; i++)
			assert_int_not_equal(packets[i].word, announcement.word);
	}
}

/* R of a sheet is drawn without the address: Figure 5's chain of 187 repeats, a longer one need not. */
static void test_hops_that_are_no_good(void **state)
{
	struct otp otp = an_otp();
	struct sequence_input in = an_input(&otp);
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	struct address server;

	(void)state;
	assert_int_equal(address_parse(&server, "172.17.12.32"), 0);
	assert_int_equal(sequence_derive(&in, packets), 0);
	assert_false(sequence_hops_well(packets, 12, 8, &server));
	assert_true(sequence_hops_well(packets, 12, 0, &server));
	assert_true(sequence_hops_well(packets, 9, 8, &server));
	assert_false(sequence_hops_well(packets, 9, 8, &packets[4].source));
	packets[3].source.b[15] = 255;
	assert_false(sequence_hops_well(packets, 9, 8, &server));
	packets[3].source.b[15] = 0;
	assert_false(sequence_hops_well(packets, 9, 8, &server));
}

/* Another input than the one before, in one thing or in several. */
static void change(struct sequence_input *in, struct otp *otp, unsigned what)
{
	static const struct service services[] = {{"ssh", SERVICE_TCP, 22}, {"http", SERVICE_TCP, 80}};

	if ((what & 1) != 0)
		in->width = in->width == 0 ? 8 : 0;
	if ((what & 2) != 0)
		in->service = in->service == &services[0] ? &services[1] : &services[0];
	if ((what & 4) != 0)
		otp->key.b[what % OTP_KEY_SIZE]++;
	if ((what & 8) != 0)
		otp->issued_at++;
	if ((what & 16) != 0)
		in->client.b[15] ^= 1;
	if ((what & 32) != 0)
		in->shape.count = in->shape.count == 12 ? 20 : 12;
	if ((what & 64) != 0)
		in->user = strcmp(in->user, "alice") == 0 ? "bob" : "alice";
	if ((what & 128) != 0)
		in->server_id = strcmp(in->server_id, "gw") == 0 ? "gw2" : "gw";
}

/* Whatever came before, a maker does what one does that was made for this alone. */
static void test_a_maker_of_many_knocks(void **state)
{
	struct otp otp = an_otp();
	struct sequence_input in = an_input(&otp);
	struct sequence_maker *maker;

	(void)state;
	assert_int_equal(sequence_maker_new(&maker), 0);
	for (unsigned i = 0; i < 1024; i++) {
		struct sequence_packet packets[KNOCK_COUNT_MAX], alone[KNOCK_COUNT_MAX];
		uint32_t words[KNOCK_COUNT_MAX];

		change(&in, &otp, i < 256 ? i : 1u << i % 8);
		assert_int_equal(sequence_derive(&in, alone), 0);
		for (size_t k = 0; k < KNOCK_COUNT_MAX; k++)
			words[k] = alone[k].word;
		if (i % 5 == 1)
			assert_int_equal(sequence_maker_prepare(maker, &in), 0);
		if (i % 3 == 0)
			assert_int_equal(sequence_maker_verify(maker, &in, words), 0);
		assert_int_equal(sequence_maker_derive(maker, &in, packets), 0);
		assert_memory_equal(packets, alone, sizeof(alone));
		assert_int_equal(sequence_maker_verify(maker, &in, words), 0);
		words[i % KNOCK_COUNT_MIN]++;
		assert_int_equal(sequence_maker_verify(maker, &in, words), QK_ERR_SEAL);
		if (i % 7 == 0)
			sequence_maker_forget(maker, &otp.key);
	}
	sequence_maker_free(maker);
}

static void test_a_maker_forgets(void **state)
{
	static const struct scope nobody;
	static const struct keys none;
	struct otp otp = an_otp(), other = an_otp();
	const struct sequence_input in = an_input(&otp);
	struct sequence_maker *maker;

	(void)state;
	other.key.b[0]++;
	assert_int_equal(sequence_maker_new(&maker), 0);
	assert_int_equal(sequence_maker_prepare(maker, &in), 0);
	sequence_maker_forget(maker, &other.key);
	assert_true(maker->derived);
	sequence_maker_forget(maker, &otp.key);
	assert_false(maker->derived);
	assert_memory_equal(&maker->scope, &nobody, sizeof(nobody));
	assert_memory_equal(&maker->keys, &none, sizeof(none));
	assert_int_equal(crypto_siv_get_use(maker->siv), CRYPTO_SIV_NONE);
	sequence_maker_forget(maker, &nobody.key);
	sequence_maker_free(maker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_message_layout),
	    cmocka_unit_test(test_every_field_of_the_message_counts),
	    cmocka_unit_test(test_a_foreign_seal_is_not_opened),
	    cmocka_unit_test(test_keys_depend_on_all_of_the_context),
	    cmocka_unit_test(test_keys_have_the_length_of_the_count),
	    cmocka_unit_test(test_keys_refuse_bad_input),
	    cmocka_unit_test(test_every_bad_parameter_has_its_error),
	    cmocka_unit_test(test_every_count_is_verified),
	    cmocka_unit_test(test_any_wrong_word_breaks_the_seal),
	    cmocka_unit_test(test_a_knock_for_something_else_is_refused),
	    cmocka_unit_test(test_ports_fill_their_range),
	    cmocka_unit_test(test_an_announcement_knows_no_address),
	    cmocka_unit_test(test_an_announcement_is_no_packet_of_the_knock),
	    cmocka_unit_test(test_hops_that_are_no_good),
	    cmocka_unit_test(test_a_maker_of_many_knocks),
	    cmocka_unit_test(test_a_maker_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
