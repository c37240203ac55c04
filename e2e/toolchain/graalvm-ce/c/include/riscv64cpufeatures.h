/*
 * The builder measures this structure on every platform. No function of ours fills it in: our libraries are for amd64.
 */
#ifndef ANNEAL_RISCV64CPUFEATURES_H
#define ANNEAL_RISCV64CPUFEATURES_H

typedef struct {
    char fA, fC, fD, fF, fI, fM, fV;
} CPUFeatures;

#endif
