/* What nobody can avoid: mapping memory, making its pages present, and giving it back.
 *
 * Reads lines "KIND THREADS BYTES PATH" and answers each with "MAPPED-AND-PRESENT GIVEN-BACK" in nanoseconds. KIND is
 * anonymous, memfd, file or hugetlb; PATH is of a file that is made and removed, or "-". In C, as no crate of this
 * workspace but two may contain unsafe code. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { MOST_THREADS = 64 };
static const size_t huge = 2 << 20;
static const size_t stretch = 64 << 20;

struct share {
    char *start;
    size_t length;
    int collapse;
    int error;
};

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void *make_present(void *argument)
{
    struct share *share = argument;
    for (size_t at = 0; share->collapse && at < share->length; at += stretch) {
        size_t length = share->length - at < stretch ? share->length - at : stretch;
        /* A range without any page is not made huge. */
        for (size_t page = 0; page < length; page += huge)
            *(volatile char *)(share->start + at + page) = 0;
        madvise(share->start + at, length, MADV_COLLAPSE);
    }
    share->error = madvise(share->start, share->length, MADV_POPULATE_WRITE) ? errno : 0;
    return NULL;
}

static int open_file(const char *kind, const char *path, size_t size)
{
    int file = -1;
    if (!strcmp(kind, "memfd"))
        file = memfd_create("limit", MFD_CLOEXEC);
    else if (!strcmp(kind, "hugetlb"))
        file = memfd_create("limit", MFD_CLOEXEC | MFD_HUGETLB);
    else if (!strcmp(kind, "file"))
        file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0 && ftruncate(file, size)) {
        close(file);
        return -1;
    }
    return file;
}

static const char *run(const char *kind, int threads, size_t size, const char *path)
{
    static struct share shares[MOST_THREADS];
    static pthread_t ids[MOST_THREADS];
    int anonymous = !strcmp(kind, "anonymous");
    long long begin = now();
    int file = anonymous ? -1 : open_file(kind, path, size);
    if (!anonymous && file < 0)
        return strerror(errno);
    size_t room = size + huge;
    char *start = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return strerror(errno);
    char *window = (char *)(((uintptr_t)start + huge - 1) & ~(huge - 1));
    int flags = MAP_FIXED | (anonymous ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    if (mmap(window, size, PROT_READ | PROT_WRITE, flags, file, 0) == MAP_FAILED)
        return strerror(errno);
    if (anonymous)
        madvise(window, size, MADV_HUGEPAGE);
    size_t part = size / threads / huge * huge;
    for (int index = 0; index < threads; index++) {
        struct share *share = &shares[index];
        share->start = window + index * part;
        share->length = index + 1 < threads ? part : size - index * part;
        share->collapse = !strcmp(kind, "memfd") || !strcmp(kind, "file");
        if (index && pthread_create(&ids[index], NULL, make_present, share))
            return "no thread";
    }
    make_present(&shares[0]);
    int error = shares[0].error;
    for (int index = 1; index < threads; index++) {
        pthread_join(ids[index], NULL);
        error = error ? error : shares[index].error;
    }
    long long present = now();
    munmap(start, room);
    if (file >= 0)
        close(file);
    if (!strcmp(kind, "file"))
        unlink(path);
    long long end = now();
    if (error)
        return strerror(error);
    printf("%lld %lld\n", present - begin, end - present);
    return NULL;
}

int main(void)
{
    char kind[16], path[4096];
    int threads;
    size_t size;
    while (scanf("%15s %d %zu %4095s", kind, &threads, &size, path) == 4) {
        const char *problem = threads < 1 || threads > MOST_THREADS ? "threads" : run(kind, threads, size, path);
        if (problem)
            printf("error: %s\n", problem);
        fflush(stdout);
    }
    return 0;
}
