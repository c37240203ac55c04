/* Finds out what the processor can do, from the CPUID instruction as Intel's and AMD's manuals document it. */
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amd64cpufeatures.h"

struct registers {
    uint32_t eax, ebx, ecx, edx;
};

/* A leaf that the processor does not know has no feature. */
static struct registers leaf(uint32_t number, uint32_t subleaf) {
    struct registers found = {0, 0, 0, 0};
    __get_cpuid_count(number, subleaf, &found.eax, &found.ebx, &found.ecx, &found.edx);
    return found;
}

static char bit(uint32_t word, int position) {
    return (char) ((word >> position) & 1u);
}

/* Which register states the kernel saves: a feature whose registers are lost at the next switch of threads is none. */
static uint64_t saved_states(void) {
    if (!bit(leaf(1, 0).ecx, 27)) {
        return 0;
    }
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t) high << 32) | low;
}

static int has_states(uint64_t saved, uint64_t wanted) {
    return (saved & wanted) == wanted;
}

static void base_features(CPUFeatures *features) {
    struct registers one = leaf(1, 0);
    features->fTSC = bit(one.edx, 4);
    features->fCX8 = bit(one.edx, 8);
    features->fCMOV = bit(one.edx, 15);
    features->fFLUSH = bit(one.edx, 19);
    features->fMMX = bit(one.edx, 23);
    features->fFXSR = bit(one.edx, 24);
    features->fSSE = bit(one.edx, 25);
    features->fSSE2 = bit(one.edx, 26);
    features->fHT = bit(one.edx, 28);
    features->fSSE3 = bit(one.ecx, 0);
    features->fCLMUL = bit(one.ecx, 1);
    features->fSSSE3 = bit(one.ecx, 9);
    features->fSSE4_1 = bit(one.ecx, 19);
    features->fSSE4_2 = bit(one.ecx, 20);
    features->fPOPCNT = bit(one.ecx, 23);
    features->fAES = bit(one.ecx, 25);
    features->fHV = bit(one.ecx, 31);

    struct registers seven = leaf(7, 0);
    features->fBMI1 = bit(seven.ebx, 3);
    features->fBMI2 = bit(seven.ebx, 8);
    features->fERMS = bit(seven.ebx, 9);
    features->fRTM = bit(seven.ebx, 11);
    features->fADX = bit(seven.ebx, 19);
    features->fFLUSHOPT = bit(seven.ebx, 23);
    features->fCLWB = bit(seven.ebx, 24);
    features->fSHA = bit(seven.ebx, 29);
    features->fPKU = bit(seven.ecx, 3);
    features->fOSPKE = bit(seven.ecx, 4);
    features->fCET_SS = bit(seven.ecx, 7);
    features->fGFNI = bit(seven.ecx, 8);
    features->fRDPID = bit(seven.ecx, 22);
    features->fFSRM = bit(seven.edx, 4);
    features->fSERIALIZE = bit(seven.edx, 14);
    features->fCET_IBT = bit(seven.edx, 20);
}

static void extended_features(CPUFeatures *features) {
    struct registers extended = leaf(0x80000001u, 0);
    features->fLZCNT = bit(extended.ecx, 5);
    features->fSSE4A = bit(extended.ecx, 6);
    features->fAMD_3DNOW_PREFETCH = bit(extended.ecx, 8);
    features->fRDTSCP = bit(extended.edx, 27);
    char invariant = bit(leaf(0x80000007u, 0).edx, 8);
    features->fTSCINV_BIT = invariant;
    /* Without a hypervisor the invariant counter is the machine's; below one nobody promises that it stays. */
    features->fTSCINV = (char) (invariant && !features->fHV);
}

static void avx_features(CPUFeatures *features, uint64_t saved) {
    if (!has_states(saved, 0x6)) {
        return;
    }
    struct registers one = leaf(1, 0), seven = leaf(7, 0), more = leaf(7, 1);
    features->fAVX = bit(one.ecx, 28);
    if (!features->fAVX) {
        return;
    }
    features->fFMA = bit(one.ecx, 12);
    features->fF16C = bit(one.ecx, 29);
    features->fAVX2 = bit(seven.ebx, 5);
    /* Every processor with these registers but Knights Landing profits from clearing their upper halves. */
    features->fVZEROUPPER = 1;
    features->fSHA512 = bit(more.eax, 0);
    features->fAVX_IFMA = bit(more.eax, 23);
}

static void avx512_features(CPUFeatures *features, uint64_t saved) {
    struct registers seven = leaf(7, 0), more = leaf(7, 1);
    if (!has_states(saved, 0xe6) || !bit(seven.ebx, 16)) {
        return;
    }
    features->fAVX512F = 1;
    features->fAVX512DQ = bit(seven.ebx, 17);
    features->fAVX512_IFMA = bit(seven.ebx, 21);
    features->fAVX512PF = bit(seven.ebx, 26);
    features->fAVX512ER = bit(seven.ebx, 27);
    features->fAVX512CD = bit(seven.ebx, 28);
    features->fAVX512BW = bit(seven.ebx, 30);
    features->fAVX512VL = bit(seven.ebx, 31);
    features->fAVX512_VBMI = bit(seven.ecx, 1);
    features->fAVX512_VBMI2 = bit(seven.ecx, 6);
    features->fAVX512_VAES = bit(seven.ecx, 9);
    features->fAVX512_VPCLMULQDQ = bit(seven.ecx, 10);
    features->fAVX512_VNNI = bit(seven.ecx, 11);
    features->fAVX512_BITALG = bit(seven.ecx, 12);
    features->fAVX512_VPOPCNTDQ = bit(seven.ecx, 14);
    features->fAVX512_FP16 = bit(seven.edx, 23);
    if (bit(more.edx, 19)) {
        uint32_t version = leaf(0x24, 0).ebx & 0xffu;
        features->fAVX10_1 = (char) (version >= 1);
        features->fAVX10_2 = (char) (version >= 2);
    }
    /* More general registers, whose state is the kernel's bit 19. */
    features->fAPX_F = (char) (bit(more.edx, 21) && has_states(saved, UINT64_C(1) << 19));
}

/* Fills in what this processor and this kernel offer. */
void determineCPUFeatures(CPUFeatures *features) {
    uint64_t saved = saved_states();
    memset(features, 0, sizeof(*features));
    base_features(features);
    extended_features(features);
    avx_features(features, saved);
    avx512_features(features, saved);
}

/*
 * Compares this processor with what an image was compiled for. The image's mask has one byte for each byte of
 * CPUFeatures: all bits set where the feature does not matter, all but the lowest where the image needs it.
 */
int checkCPUFeatures(const unsigned char *mask) {
    CPUFeatures features;
    determineCPUFeatures(&features);
    const unsigned char *present = (const unsigned char *) &features;
    for (size_t index = 0; index < sizeof(features); index++) {
        if ((mask[index] | present[index]) != 0xff) {
            return 1;
        }
    }
    return 0;
}

/* The same at the start of an executable, which cannot go on without. */
int checkCPUFeaturesOrExit(const unsigned char *mask, const char *message) {
    if (checkCPUFeatures(mask) != 0) {
        fputs(message, stderr);
        fputc('\n', stderr);
        exit(1);
    }
    return 0;
}
