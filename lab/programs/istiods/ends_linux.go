package main

import "syscall"

// endsWithParent has Linux end a process when the one that started it ends, however that ends.
func endsWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
