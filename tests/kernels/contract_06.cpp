// The contract's program for devices, run by the processor.
#include "../contract/06_cuda.cu"
