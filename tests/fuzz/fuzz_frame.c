/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A captured frame: first byte the link type's place in the list, second how many of its bytes the snap length cut.
 * What is taken for a knock must lie in the knock's bounds, and the kernel's filter must let it through. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "qknockd/filter.h"
#include "qknockd/frame.h"

#define LINKS 8
#define LIVE 3 /* the first of them are those of live interfaces, whose frames the filter sees as they are */

static const struct knock_shape shape = KNOCK_SHAPE_DEFAULT;
static const int links[LINKS] = {DLT_EN10MB, DLT_LINUX_SLL2, DLT_RAW,  DLT_LINUX_SLL,
				 DLT_IPV4,   DLT_IPV6,	     DLT_NULL, DLT_LOOP};

static const struct bpf_program *filter(unsigned link)
{
	static struct bpf_program programs[LIVE];

	if (programs[link].bf_insns == NULL) {
		pcap_t *pcap = pcap_open_dead(links[link], 256);

		FUZZ_ASSERT(pcap != NULL && filter_compile(pcap, &shape, &programs[link]) == 0);
		pcap_close(pcap);
	}
	return &programs[link];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct frame_knock nothing;
	struct frame_knock knock;
	struct pcap_pkthdr header;
	size_t captured;
	uint8_t *frame;
	unsigned link;

	if (size < 2)
		return 0;
	link = data[0] % LINKS;
	captured = size - 2 > data[1] ? size - 2 - data[1] : 0;
	/* Of the very size, for the sanitizer. */
	frame = malloc(captured + (captured == 0));
	FUZZ_ASSERT(frame != NULL);
	memcpy(frame, data + 2, captured);
	if (frame_parse(links[link], frame, captured, size - 2, &shape, &knock) != FRAME_KNOCK) {
		FUZZ_ASSERT(memcmp(&knock, &nothing, sizeof(knock)) == 0);
	} else {
		FUZZ_ASSERT(knock.port >= shape.port_first && knock.port <= shape.port_last);
		/* The kernel filters whole frames. */
		header = (struct pcap_pkthdr){.caplen = (bpf_u_int32)size - 2, .len = (bpf_u_int32)size - 2};
		FUZZ_ASSERT(link >= LIVE || pcap_offline_filter(filter(link), &header, data + 2) != 0);
	}
	free(frame);
	return 0;
}
