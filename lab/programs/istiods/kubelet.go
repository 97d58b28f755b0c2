package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
)

// kubelet answers what the API server asks of the node: port-forwards, with the kubelet's own code.
type kubelet struct {
	pods        *pods
	connections chan net.Conn
}

// newKubelet starts it. It listens on no port: whoever may use the socket of the egress may talk to it.
func newKubelet(pods *pods) (*kubelet, error) {
	// The API server does not ask who it is.
	certificate, key, err := cert.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	k := &kubelet{pods, make(chan net.Conn)}
	routes := http.NewServeMux()
	routes.HandleFunc("/portForward/{namespace}/{pod}", k.portForward)
	routes.HandleFunc("/portForward/{namespace}/{pod}/{uid}", k.portForward)
	server := &http.Server{
		Handler: routes,
		// The upgrades of port-forwards are those of HTTP/1.1.
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}},
	}
	go func() { _ = server.ServeTLS(k, "", "") }()
	return k, nil
}

func (k *kubelet) accept(connection net.Conn) { k.connections <- connection }

func (k *kubelet) Accept() (net.Conn, error) { return <-k.connections, nil }
func (k *kubelet) Close() error              { return nil }
func (k *kubelet) Addr() net.Addr            { return &net.UnixAddr{} }

func (k *kubelet) portForward(writer http.ResponseWriter, request *http.Request) {
	options, err := portforward.NewV4Options(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	name := request.PathValue("namespace") + "/" + request.PathValue("pod")
	portforward.ServePortForward(
		writer, request, k, name, request.PathValue("uid"), options, time.Hour, 30*time.Second, []string{portforward.ProtocolV1Name},
	)
}

// PortForward copies between a stream and a port of an istiod.
func (k *kubelet) PortForward(_ context.Context, name, _ string, port int32, stream io.ReadWriteCloser) error {
	target := k.pods.find(func(p *pod) bool { return p.object.Namespace+"/"+p.object.Name == name })
	if target == nil {
		return fmt.Errorf("pod %s runs nothing: only istiods run in a lab", name)
	}
	address, ok := target.address(port)
	if !ok {
		return fmt.Errorf("istiod %s does not listen on %d", name, port)
	}
	upstream, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	join(stream, upstream)
	return nil
}
