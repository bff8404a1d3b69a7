package worker

import (
	"strings"
	"testing"
)

func TestUserStackKeepsWhatTheUserWrote(t *testing.T) {
	const stack = `goroutine 1 [running]:
runtime/debug.Stack()
	/go/src/runtime/debug/stack.go:26 +0x5e
github.com/ringmaster-ipc/ringmaster/worker.(*link).live.func2()
	/src/worker/main.go:136 +0x3c
panic({0x1, 0x2})
	/go/src/runtime/panic.go:783 +0x132
runtime.sigpanic()
	/go/src/runtime/signal_unix.go:861 +0x1f
main.deep(...)
	/src/main.go:9
main.init.func1({0x1, 0x2}, 0x3)
	/src/main.go:14 +0x20
github.com/ringmaster-ipc/ringmaster/worker.Define[...].func1()
	/src/worker/define.go:60 +0x1
main.main()
	/src/main.go:30 +0x1d
`
	const want = `goroutine 1 [running]:
main.deep(...)
	/src/main.go:9
main.init.func1({0x1, 0x2}, 0x3)
	/src/main.go:14 +0x20
`
	if got := userStack(stack); got != want {
		t.Errorf("userStack gave\n%s\nwant\n%s", got, want)
	}
	for _, odd := range []string{"", "goroutine 1", "goroutine 1 [running]:\n", "x\npanic(1)\n\ta\n" + enginePrefix + "f()\n\tb\n"} {
		if got := userStack(odd); got != odd {
			t.Errorf("userStack(%q) = %q, want it unchanged", odd, got)
		}
	}
	if strings.Contains(userStack(stack), "debug.Stack") {
		t.Error("the stack still shows how it was taken")
	}
}
