package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
)

// answering answers every connection with text.
func answering(t *testing.T, text string) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(connection, text)
			connection.Close()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// cluster serves the egress of a cluster with one istiod, in the folder of that name, and goes there.
func cluster(t *testing.T, root, name, podIP, balancer string) {
	if err := os.MkdirAll(root+"/"+name, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root + "/" + name)
	client := fake.NewClientset()
	p, err := newPods(t.Context(), options{}, "", client)
	if err != nil {
		t.Fatal(err)
	}
	object := istiodPod()
	object.Status.PodIP = podIP
	object.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "ISTIOD_CUSTOM_HOST", Value: "other.example," + name + ".example"}}
	istiod := newPod(p, object)
	istiod.ready.Store(true)
	istiod.ports.Store(int32(15017), answering(t, "istiod of "+name))
	p.running["1"] = istiod
	factory := informers.NewSharedInformerFactory(client, 0)
	gateway := &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 15017}}}}
	gateway.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: balancer}}
	if err := factory.Core().V1().Services().Informer().GetStore().Add(gateway); err != nil {
		t.Fatal(err)
	}
	listener, err := listen(egressSocket)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = serve(t.Context(), listener, &egress{"node1", p, factory.Core().V1().Services().Lister()}) }()
}

func get(t *testing.T, host string) string {
	t.Helper()
	connection, err := net.Dial("unix", egressSocket)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host)
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		return response.Status
	}
	line, _ := reader.ReadString('\n')
	return line
}

func TestWhereTheApiServerIsLedTo(t *testing.T) {
	root := t.TempDir()
	cluster(t, root, "cluster2", "10.81.0.1", "10.41.0.1")
	cluster(t, root, "cluster1", "10.80.0.1", "10.40.0.1")
	for host, want := range map[string]string{
		"10.80.0.1:15017": "istiod of cluster1\n",
		"10.40.0.1:15017": "istiod of cluster1\n",
		// A remote's webhooks lead to its primary's gateway.
		"10.41.0.1:15017":        "istiod of cluster2\n",
		"cluster2.example:15017": "istiod of cluster2\n",
		"cluster2.example:443":   "502 Bad Gateway",
		"10.40.0.1:443":          "502 Bad Gateway",
		"10.80.0.1:443":          "502 Bad Gateway",
		"10.99.0.1:15017":        "502 Bad Gateway",
	} {
		if got := get(t, host); got != want {
			t.Errorf("%s: %q, not %q", host, got, want)
		}
	}
}
