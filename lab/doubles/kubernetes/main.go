// Pulumi-resource-kubernetes is a double of Pulumi's kubernetes provider, for machines that cannot download the real
// one. The README beside this folder says what it can and where it differs.
package main

import "weft/lab/doubles/internal/plugin"

// version of the real provider that this double was compared with.
const version = "4.34.2"

func main() {
	p := &provider{Base: plugin.New("kubernetes", version)}
	plugin.Serve(p, &p.Base)
}
