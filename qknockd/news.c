/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/news.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utlist.h>

#include "libcore/error.h"

struct item {
	struct privop_event event;
	int fd;
	struct item *prev, *next;
};

struct news {
	int fd;
	struct item *items;
	size_t count;
};

int news_new(struct news **out)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return QK_ERR_NOMEM;
	(*out)->fd = -1;
	return 0;
}

static void drop(struct news *news, struct item *item)
{
	DL_DELETE(news->items, item);
	news->count--;
	if (item->fd >= 0)
		close(item->fd);
	free(item);
}

void news_attach(struct news *news, int fd)
{
	while (news->items != NULL)
		drop(news, news->items);
	if (news->fd >= 0)
		close(news->fd);
	news->fd = fd;
}

void news_free(struct news *news)
{
	if (news == NULL)
		return;
	news_attach(news, -1);
	free(news);
}

int news_fd(const struct news *news)
{
	return news->fd;
}

static struct item *add(struct news *news, enum privop_news what, uint64_t value)
{
	struct item *item = news->count < NEWS_MAX ? calloc(1, sizeof(*item)) : NULL;

	if (item == NULL)
		return NULL;
	news->count++;
	item->event.news = what;
	item->event.value = value;
	item->fd = -1;
	DL_APPEND(news->items, item);
	return item;
}

int news_tell(struct news *news, enum privop_news what, uint64_t value, int fd)
{
	struct item *item;

	if (news->fd < 0)
		return 0;
	item = add(news, what, value);
	if (item == NULL)
		return QK_ERR_NOMEM;
	if (fd >= 0) {
		item->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (item->fd < 0) {
			drop(news, item);
			return QK_ERR_IO;
		}
	}
	news_flush(news);
	return 0;
}

int news_tell_addresses(struct news *news, const struct address *list, size_t count)
{
	size_t done = 0;

	if (news->fd < 0)
		return 0;
	do {
		struct item *item = add(news, PRIVOP_ADDRESSES, 0);
		size_t some = count - done < PRIVOP_ADDRESSES_MAX ? count - done : PRIVOP_ADDRESSES_MAX;

		if (item == NULL)
			return QK_ERR_NOMEM;
		item->event.count = (uint32_t)some;
		for (size_t i = 0; i < some; i++)
			memcpy(item->event.addresses[i], list[done + i].b, sizeof(item->event.addresses[i]));
		done += some;
		item->event.value = done < count;
	} while (done < count);
	news_flush(news);
	return 0;
}

bool news_flush(struct news *news)
{
	while (news->items != NULL) {
		struct item *item = news->items;

		/* Whatever is wrong with the socket, the end of the verifier will tell. */
		if (privop_send(news->fd, &item->event, sizeof(item->event), item->fd, MSG_DONTWAIT) != 0)
			return true;
		drop(news, item);
	}
	return false;
}
