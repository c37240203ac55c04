/* The processor's features, against what the kernel says of them. */
#include "check.h"

#include "amd64cpufeatures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void determineCPUFeatures(CPUFeatures *features);
int checkCPUFeatures(const unsigned char *mask);
int JVM_ActiveProcessorCount(void);
int getThreadId(void);
long getThreadUserTimeSlow(int thread);

static bool kernel_says(const char *flags, const char *name) {
    size_t length = strlen(name);
    for (const char *at = flags; (at = strstr(at, name)) != NULL; at += length) {
        if (at > flags && at[-1] == ' ' && (at[length] == ' ' || at[length] == '\n')) {
            return true;
        }
    }
    return false;
}

/* The line of /proc/cpuinfo that lists the flags. */
static char *flags_of_kernel(void) {
    static char line[8192];
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "flags", 5) == 0) {
            fclose(file);
            return line;
        }
    }
    return NULL;
}

static void test_features(void) {
    CPUFeatures features;
    determineCPUFeatures(&features);
    const struct {
        char found;
        const char *name;
    } pairs[] = {
            {features.fCX8, "cx8"},           {features.fCMOV, "cmov"},         {features.fFXSR, "fxsr"},
            {features.fHT, "ht"},             {features.fMMX, "mmx"},           {features.fSSE, "sse"},
            {features.fSSE2, "sse2"},         {features.fSSE3, "pni"},          {features.fSSSE3, "ssse3"},
            {features.fSSE4A, "sse4a"},       {features.fSSE4_1, "sse4_1"},     {features.fSSE4_2, "sse4_2"},
            {features.fPOPCNT, "popcnt"},     {features.fLZCNT, "abm"},         {features.fTSC, "tsc"},
            {features.fAVX, "avx"},           {features.fAVX2, "avx2"},         {features.fAES, "aes"},
            {features.fERMS, "erms"},         {features.fCLMUL, "pclmulqdq"},   {features.fBMI1, "bmi1"},
            {features.fBMI2, "bmi2"},         {features.fRTM, "rtm"},           {features.fADX, "adx"},
            {features.fSHA, "sha_ni"},        {features.fFMA, "fma"},           {features.fF16C, "f16c"},
            {features.fAVX512F, "avx512f"},   {features.fAVX512DQ, "avx512dq"}, {features.fAVX512CD, "avx512cd"},
            {features.fAVX512BW, "avx512bw"}, {features.fAVX512VL, "avx512vl"}, {features.fHV, "hypervisor"},
            {features.fRDTSCP, "rdtscp"},     {features.fGFNI, "gfni"},         {features.fRDPID, "rdpid"},
            {features.fFSRM, "fsrm"},         {features.fCLWB, "clwb"},         {features.fFLUSHOPT, "clflushopt"},
            {features.fFLUSH, "clflush"},     {features.fPKU, "pku"},           {features.fOSPKE, "ospke"},
            {features.fSERIALIZE, "serialize"},
            {features.fTSCINV_BIT, "nonstop_tsc"},
            {features.fAVX512_VNNI, "avx512_vnni"},
            {features.fAVX512_VBMI2, "avx512_vbmi2"},
            {features.fAVX512_BITALG, "avx512_bitalg"},
            {features.fAVX512_VPOPCNTDQ, "avx512_vpopcntdq"},
    };
    const char *flags = flags_of_kernel();
    CHECK(flags != NULL);
    for (size_t index = 0; flags != NULL && index < sizeof(pairs) / sizeof(pairs[0]); index++) {
        check_at((pairs[index].found != 0) == kernel_says(flags, pairs[index].name), pairs[index].name, __FILE__, __LINE__);
    }
}

static void test_mask(void) {
    CPUFeatures features;
    unsigned char mask[sizeof(features)];
    determineCPUFeatures(&features);
    memset(mask, 0xff, sizeof(mask));
    CHECK(checkCPUFeatures(mask) == 0);
    for (size_t index = 0; index < sizeof(features); index++) {
        mask[index] = 0xfe;
        CHECK((checkCPUFeatures(mask) == 0) == (((char *) &features)[index] != 0));
        mask[index] = 0xff;
    }
}

void test_processor(void) {
    test_features();
    test_mask();
    CHECK(JVM_ActiveProcessorCount() >= 1 && JVM_ActiveProcessorCount() <= sysconf(_SC_NPROCESSORS_CONF));
    CHECK(getThreadId() == getpid());
    /* A tenth of a second of work is at least one tick of the kernel's clock. */
    clock_t end = clock() + CLOCKS_PER_SEC / 10;
    volatile unsigned work = 0;
    while (clock() < end) {
        for (int round = 0; round < 100000; round++) {
            work = work + 1;
        }
    }
    CHECK(getThreadUserTimeSlow(getThreadId()) > 0);
    CHECK(getThreadUserTimeSlow(-1) == -1);
}
