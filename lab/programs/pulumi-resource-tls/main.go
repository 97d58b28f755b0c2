// Command pulumi-resource-tls is a double of Pulumi's tls provider 5.6.1, for machines that cannot download the real one.
// Keys and certificates are real; what it leaves out is listed in the README.md of the lab.
package main

import (
	"time"

	"weft/lab/programs/internal/plugin"
)

func main() {
	p := &provider{Base: plugin.New("tls", "5.6.1"), now: time.Now}
	plugin.Serve(p, &p.Base)
}
