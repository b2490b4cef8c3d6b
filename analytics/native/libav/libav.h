// A thin layer over libavcodec, libavformat and libswscale: one decoder, fed either unit by unit or from a file.
// Every call returns 0 or more on success and a negative AVERROR otherwise; nothing here keeps Go memory after it returns.
#ifndef COUNTERWATCH_LIBAV_H
#define COUNTERWATCH_LIBAV_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

typedef struct {
    AVFormatContext *format; // files only
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame; // the last one received
    struct SwsContext *scaler;
    int stream; // files only: the index of the video stream
} cw_decoder;

enum { CW_AGAIN = AVERROR(EAGAIN), CW_EOF = AVERROR_EOF, CW_INVALID = AVERROR_INVALIDDATA };

void cw_quiet(void);
int cw_open(cw_decoder **out, enum AVCodecID id);
int cw_open_file(cw_decoder **out, const char *path, const char *formats);
void cw_close(cw_decoder **d); // NULL afterwards; closing NULL does nothing

int cw_send(cw_decoder *d, const uint8_t *data, int size, int64_t pts);
int cw_send_end(cw_decoder *d);
int cw_read(cw_decoder *d); // the next packet of the video stream, sent to the decoder
int cw_receive(cw_decoder *d);
void cw_reset(cw_decoder *d);

int cw_damaged(const cw_decoder *d);                       // the frame was decoded from broken bits
int cw_convert(cw_decoder *d, uint8_t *bgr, int stride);   // the frame as BGR24; stride >= 3 * width rounded up to 16

double cw_rate(const cw_decoder *d);     // frames per second, 0 unknown
double cw_duration(const cw_decoder *d); // seconds, 0 unknown
int64_t cw_frames(const cw_decoder *d);  // as the container says, 0 unknown
double cw_time(const cw_decoder *d);     // the frame's time in seconds; NaN unknown

#endif
