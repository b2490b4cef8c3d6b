// People by histograms of oriented gradients. gocv's own wrapper hands out the classifier's weights after they were
// freed and keeps the scores to itself.
#ifdef __cplusplus
extern "C" {
#endif

typedef struct { double x, y, w, h, weight; } cw_found;

void *cw_hog_new(void); // NULL when out of memory
void cw_hog_free(void *hog);
// Finds people in a BGR picture enlarged by scale; returns how many (at most max) or -1 on an OpenCV error.
int cw_hog_detect(void *hog, const unsigned char *pix, int w, int h, int stride, double scale, cw_found *found, int max);

#ifdef __cplusplus
}
#endif
