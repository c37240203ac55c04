/* What the compiler's jars ask for by this name: the features of an amd64 processor, one field each. */
#ifndef ANNEAL_AMD64CPUFEATURES_H
#define ANNEAL_AMD64CPUFEATURES_H

/* The names are those of the jars' C structure; the order is ours, the builder asks for every offset. */
#define AMD64_CPU_FEATURES(X) \
    X(ADX) X(AES) X(AMD_3DNOW_PREFETCH) X(APX_F) X(AVX) X(AVX10_1) X(AVX10_2) X(AVX2) X(AVX512BW) X(AVX512CD) \
    X(AVX512DQ) X(AVX512ER) X(AVX512F) X(AVX512PF) X(AVX512VL) X(AVX512_BITALG) X(AVX512_FP16) X(AVX512_IFMA) \
    X(AVX512_VAES) X(AVX512_VBMI) X(AVX512_VBMI2) X(AVX512_VNNI) X(AVX512_VPCLMULQDQ) X(AVX512_VPOPCNTDQ) \
    X(AVX_IFMA) X(BMI1) X(BMI2) X(CET_IBT) X(CET_SS) X(CLMUL) X(CLWB) X(CMOV) X(CX8) X(ERMS) X(F16C) X(FLUSH) \
    X(FLUSHOPT) X(FMA) X(FSRM) X(FXSR) X(GFNI) X(HT) X(HV) X(LZCNT) X(MMX) X(OSPKE) X(PKU) X(POPCNT) X(RDPID) \
    X(RDTSCP) X(RTM) X(SERIALIZE) X(SHA) X(SHA512) X(SSE) X(SSE2) X(SSE3) X(SSE4A) X(SSE4_1) X(SSE4_2) X(SSSE3) \
    X(TSC) X(TSCINV) X(TSCINV_BIT) X(VZEROUPPER)

typedef struct {
#define ANNEAL_FIELD(name) char f##name;
    AMD64_CPU_FEATURES(ANNEAL_FIELD)
#undef ANNEAL_FIELD
} CPUFeatures;

#endif
