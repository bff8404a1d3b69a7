package floor_test

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench/floor"
)

// One process makes the memory, the other opens it; here both are this one. What
// one feeds the other drains.
func Example() {
	mine, err := floor.Create(1, 32)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer mine.Close()
	fd, err := syscall.Dup(int(mine.File().Fd()))
	if err != nil {
		fmt.Println(err)
		return
	}
	theirs, err := floor.Open(os.NewFile(uintptr(fd), "floor"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer theirs.Close()

	received := make(chan int64)
	go func() {
		n, err := floor.Drain([]*floor.Ring{theirs.Ring(0)}, 10*time.Second)
		if err != nil {
			fmt.Println(err)
		}
		received <- n
	}()
	sent, err := floor.Feed([]*floor.Ring{mine.Ring(0)}, false, time.Millisecond, 10*time.Second)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(sent > 0, sent == <-received)
	// Output: true true
}
