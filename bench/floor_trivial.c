/* The floor of every process: a dynamically linked C program that does nothing but say so. */
#include <stdio.h>

int main(void) { return puts("done") < 0; }
