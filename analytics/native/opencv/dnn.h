// Networks on OpenCV DNN. gocv's own wrapper lets OpenCV's exceptions end the process, copies every output twice and
// leaks where a network has several.
#ifdef __cplusplus
extern "C" {
#endif

#include <stddef.h>

// Reads a network: ONNX when there is no config, else Darknet weights with the text of their .cfg. Returns NULL and writes
// why, at most room bytes, when OpenCV cannot.
void *cw_net_read(const void *model, size_t size, const void *config, size_t config_size, char *why, size_t room);
void cw_net_free(void *net);
// Runs one input of 3 x h x w floats. Returns all outputs, one behind the other, valid until the next call, and their
// number; NULL and why on an OpenCV error.
const float *cw_net_run(void *net, float *input, int w, int h, size_t *count, char *why, size_t room);

#ifdef __cplusplus
}
#endif
