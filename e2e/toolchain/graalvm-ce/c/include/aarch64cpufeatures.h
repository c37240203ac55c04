/*
 * The builder measures this structure on every platform. No function of ours fills it in: our libraries are for amd64.
 */
#ifndef ANNEAL_AARCH64CPUFEATURES_H
#define ANNEAL_AARCH64CPUFEATURES_H

typedef struct {
    char fA53MAC, fAES, fASIMD, fASIMDHP, fCRC32, fDCPOP, fDMB_ATOMICS, fEVTSTRM, fFP, fFPHP, fLSE, fPACA, fPMULL,
        fSHA1, fSHA2, fSHA3, fSHA512, fSTXR_PREFETCH, fSVE, fSVE2, fSVEBITPERM;
} CPUFeatures;

#endif
