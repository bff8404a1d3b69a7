//go:build !purego && !race

#include "textflag.h"

// func publish(addr *atomic.Uint64, v uint64)
//
// A store-release: everything that precedes it in program order is visible to
// whoever sees it.
TEXT ·publish(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R0
	MOVD v+8(FP), R1
	STLR R1, (R0)
	RET

// func pause()
TEXT ·pause(SB), NOSPLIT, $0-0
	YIELD
	RET

// func ticks() int64
TEXT ·ticks(SB), NOSPLIT, $0-8
	MRS  CNTVCT_EL0, R0
	MOVD R0, ret+0(FP)
	RET
